package io.warmpath.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ConfigDocsTest {

  @Test
  void markdown_listsEverySettingOnce() {
    assertThat(ConfigDocs.markdown(SampleConfig.class, 3))
        .contains(
            "| `listen` | host:port with a port from 0 to 65535 | `0.0.0.0:9000` | restart | Where"
                + " it listens. |",
            "| `password` | a text, best as ${env:NAME} or ${file:PATH} | none |",
            "### `placement`\n\nHow requests are placed.\n\n| Setting |",
            "| `placement.loadFactor` | a number from 1 to 10 | `1.25` |",
            "| `placement.maxQueueWait` | a duration such as 250ms, 3s or 5m from 0s to 1h | `3s` |"
                + " yes |",
            "| `models.NAME.mode` | one of off, shadow, fully-enforced |",
            "| `families[].match` | a text with a length from 1 to 8 | required |")
        .doesNotContain("`placement` | ");
  }
}
