package io.warmpath.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NearestNameTest {

  @Test
  void edits_ofKnownPairs() {
    assertThat(NearestName.edits("", "abc")).isEqualTo(3);
    assertThat(NearestName.edits("kitten", "sitting")).isEqualTo(3);
    assertThat(NearestName.edits("mdoe", "mode")).isEqualTo(1);
  }

  @Test
  void edits_ofRandomEdit_isAtMostTheEditsMade() {
    SeededCases.run(
        500,
        random -> {
          StringBuilder name = new StringBuilder("queueTimeout");
          int made = random.nextInt(4);
          for (@Var int i = 0; i < made; i++) {
            int at = random.nextInt(name.length());
            if (random.nextBoolean()) {
              name.deleteCharAt(at);
            } else {
              name.insert(at, (char) ('a' + random.nextInt(26)));
            }
          }
          assertThat(NearestName.edits("queueTimeout", name.toString())).isLessThanOrEqualTo(made);
        });
  }

  @Test
  void name_farFromAll_hasNoNearest() {
    assertThat(NearestName.of("colour", List.of("mode", "queueSize"))).isNull();
    assertThat(NearestName.of("x", List.of("on", "a"))).isNull();
  }

  @Test
  void name_inOtherCase_isNearest() {
    assertThat(NearestName.of("QUEUE_SIZE", List.of("mode", "queueSize"))).isEqualTo("queueSize");
    assertThat(NearestName.of("queue-sise", List.of("queueTime", "queueSize")))
        .isEqualTo("queueSize");
  }
}
