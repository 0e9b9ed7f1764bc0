package io.warmpath.cli.settings;

import io.warmpath.config.RefusedSettingException;
import io.warmpath.config.Setting;
import io.warmpath.router.usage.Prices;
import org.jspecify.annotations.Nullable;

/** What a model's tokens cost. */
record PricesSection(
    @Setting(
            doc = "A million prompt tokens that the engine computed.",
            defaultValue = "0",
            min = "0",
            max = "1000000",
            reloadable = true)
        double prompt,
    @Setting(
            doc =
                "A million prompt tokens that it read from its cache, at most `prompt`; the same"
                    + " when absent.",
            min = "0",
            max = "1000000",
            reloadable = true)
        @Nullable Double cached,
    @Setting(
            doc = "A million completion tokens.",
            defaultValue = "0",
            min = "0",
            max = "1000000",
            reloadable = true)
        double completion) {

  PricesSection {
    if (cached != null && cached > prompt) {
      throw new RefusedSettingException(
          "cached", "is " + cached + "; it must be at most `prompt`, which is " + prompt);
    }
  }

  Prices config() {
    return new Prices(prompt, cached == null ? prompt : cached, completion);
  }
}
