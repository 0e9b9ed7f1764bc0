package io.warmpath.buildchecks;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.googlejavaformat.java.FormatterException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class SourceFormatTest {

  @Test
  void everySource_isFormatted() throws IOException, FormatterException {
    Path root = Path.of(System.getProperty("warmpath.root"));
    assertThat(SourceFormat.unformatted(root))
        .as("repair by: mvn -q -N -Pformat process-sources")
        .isEmpty();
  }

  @Test
  void formatted_crookedSource_isStraightened() throws FormatterException {
    assertThat(SourceFormat.formatted("class  A{ }")).isEqualTo("class A {}\n");
  }
}
