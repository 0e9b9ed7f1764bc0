package io.warmpath.cli.settings;

import io.warmpath.config.Setting;
import io.warmpath.router.usage.UsageMeter;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How usage is kept. */
record MeteringSection(
    @Setting(
            doc =
                "Where a file of comma-separated values is kept for each UTC day, by this router"
                    + " alone; when absent, usage is forgotten at its end.")
        @Nullable Path directory,
    @Setting(
            doc = "How often what was counted is written; so much is lost when a router is killed.",
            defaultValue = "5s",
            min = "100ms",
            max = "10m")
        Duration period,
    @Setting(
            doc =
                "Whether each day's usage is kept as a JSON document as well, beside the other"
                    + " files; the current day's is up to a minute behind.",
            defaultValue = "false")
        boolean json,
    @Setting(
            doc =
                "Days that `warmpath usage` can tell of, the current one included. Older files stay"
                    + " where they are.",
            defaultValue = "35",
            min = "1",
            max = "400",
            unit = "days")
        int days,
    @Setting(
            doc =
                "Tenants that are told apart, in the order of their first request; further ones are"
                    + " `other`.",
            defaultValue = "100",
            min = "0",
            max = "10000")
        int maxTenants) {

  UsageMeter.Settings config() {
    return new UsageMeter.Settings(directory, period, days, maxTenants, json);
  }
}
