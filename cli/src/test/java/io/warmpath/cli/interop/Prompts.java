package io.warmpath.cli.interop;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Prompts of which no two begin alike, drawn from a seed. Not thread-safe. */
final class Prompts {

  private final SplittableRandom random;

  Prompts(long seed) {
    random = new SplittableRandom(seed);
  }

  /** So many token ids. */
  int[] ids(int length) {
    int[] ids = new int[length];
    Arrays.setAll(ids, i -> random.nextInt(1, TestEngine.VOCABULARY));
    return ids;
  }

  /** A text of so many characters. */
  String text(int characters) {
    StringBuilder text = new StringBuilder(characters + 8);
    while (text.length() < characters) {
      for (@Var int i = random.nextInt(2, 9); i > 0; i--) {
        text.append((char) ('a' + random.nextInt(26)));
      }
      text.append(' ');
    }
    return text.substring(0, characters);
  }
}
