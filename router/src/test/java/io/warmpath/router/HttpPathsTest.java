package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which targets go on to engines, which decode them. */
final class HttpPathsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/completions",
        "/v1/completions?next=//x/../y%zz",
        "/v1/models/org%2Fname",
        "/v1/models/a+b",
        "/v1/models/.hidden",
        "/v1/%6dodels",
        "/tokenize"
      })
  void target_ofTheApi_isRelayed(String target) {
    assertThat(HttpPaths.relayed(target)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/metrics",
        "/%6detrics",
        "/v1",
        "/v1/load_lora_adapter",
        "/v1/load%5Flora_adapter",
        "/v1/load%5flora%5fadapter?x=y",
        "/v1%2Fload_lora_adapter",
        "/v1/%75nload_lora_adapter",
        "/v1/load_lora_adapter#x",
        "/v1/completions#x",
        "/v1/completions?a=b#x",
        "/v1//load_lora_adapter",
        "/v1/%2Fload_lora_adapter",
        "/v1/./load_lora_adapter",
        "/v1/%2e/load_lora_adapter",
        "/v1/x/.",
        "/v1/../metrics",
        "/v1/x/%2e%2E/load_lora_adapter",
        "/v1/x%2F..%2Fload_lora_adapter",
        "/v1/x%2",
        "/v1/x%zz",
        "http://x/v1/completions",
        "*",
        ""
      })
  void target_thatIsNotOrMayBeAnother_isNotRelayed(String target) {
    assertThat(HttpPaths.relayed(target)).isFalse();
  }
}
