package io.warmpath.config;

import com.google.errorprone.annotations.Var;
import java.util.Set;

/**
 * A second YAML document over a config file: each setting at its top level takes the place of the
 * file's, with all that is below it.
 *
 * @param source what messages call it
 * @param yaml its text
 * @param barred settings at the top level that only the file may give
 */
public record Overlay(String source, String yaml, @Var Set<String> barred) {

  public Overlay {
    barred = Set.copyOf(barred);
  }
}
