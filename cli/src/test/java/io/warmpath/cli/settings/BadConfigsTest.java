package io.warmpath.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.warmpath.config.ConfigException;
import io.warmpath.config.ConfigReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bad configs of all kinds, each with what its refusal must say: the place and the way out. They
 * are in {@code bad-configs.txt}: a line {@code == title}, lines {@code > part of the message}, and
 * the file.
 */
final class BadConfigsTest {

  @TempDir private Path directory;

  /** One bad config. */
  private record Bad(String title, List<String> message, String yaml) {

    static Bad parse(String text) {
      List<String> lines = text.lines().toList();
      List<String> message = new ArrayList<>();
      lines.stream()
          .filter(line -> line.startsWith("> "))
          .forEach(line -> message.add(line.substring(2)));
      return new Bad(
          lines.getFirst().strip(),
          message,
          lines.stream().skip(1L + message.size()).collect(Collectors.joining("\n", "", "\n")));
    }
  }

  private static List<Bad> all() throws IOException {
    try (InputStream file =
        Objects.requireNonNull(BadConfigsTest.class.getResourceAsStream("/bad-configs.txt"))) {
      String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
      return Stream.of(text.split("(?m)^== ", -1))
          .filter(part -> !part.isBlank())
          .map(Bad::parse)
          .toList();
    }
  }

  @Test
  void theSet_hasAtLeastForty() throws IOException {
    assertThat(all()).hasSizeGreaterThanOrEqualTo(40);
    assertThat(all()).allSatisfy(bad -> assertThat(bad.message).isNotEmpty());
  }

  @TestFactory
  Stream<DynamicTest> badConfig_isRefusedWithPlaceAndFix() throws IOException {
    return all().stream().map(bad -> DynamicTest.dynamicTest(bad.title, () -> check(bad)));
  }

  private void check(Bad bad) throws IOException {
    Files.writeString(directory.resolve("long.txt"), "You are a careful assistant. ".repeat(40));
    Files.writeString(directory.resolve("longer.txt"), "You are a careful assistant. ".repeat(80));
    Files.writeString(directory.resolve("words.tokens"), "1, 2, three");
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class,
            () ->
                new ConfigReader(Map.of())
                    .parse(bad.yaml, "bad.yaml", directory, RouterSettings.class));
    assertThat(refused).as(bad.yaml).isNotNull();
    assertThat(refused.getMessage()).contains(bad.message);
    assertThat(refused.problems()).hasSize(1);
  }
}
