package io.warmpath.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class EngineErrorTest {

  @Test
  void parse_everyForm_givesItsWords() {
    assertThat(message("{\"error\":{\"message\":\"too long\",\"code\":400}}"))
        .isEqualTo("too long");
    assertThat(message("{\"object\":\"error\",\"message\":\"old form\"}")).isEqualTo("old form");
    assertThat(message("{\"detail\":\"Not Found\"}")).isEqualTo("Not Found");
    assertThat(message("{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"too small\"}]}"))
        .isEqualTo("[\"body\",\"n\"] too small");
  }

  @Test
  void parse_noWords_theStatusSpeaks() {
    for (String body : new String[] {"", "<html>", "[1]", "{\"error\":\"x\"}", "null", "\"a\""}) {
      assertThat(message(body)).as(body).isEqualTo("the engine answered with status 400");
    }
  }

  @Test
  void parse_manyWords_areOneShortLine() {
    String body = "{\"message\":\"a\\n\\tb" + "c".repeat(1000) + "\"}";
    assertThat(message(body)).startsWith("a bccc").hasSize(500);
  }

  private static String message(String body) {
    return EngineError.parse(400, body.getBytes(StandardCharsets.UTF_8), 0).message();
  }
}
