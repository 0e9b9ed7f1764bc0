package io.warmpath.cli.settings;

import io.warmpath.config.RefusedSettingException;
import io.warmpath.config.Setting;
import io.warmpath.router.RouterConfig;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mode;
import io.warmpath.routing.Policy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How one model is served. */
record ModelSection(
    @Setting(
            doc = "`warmpath` places by prefix and cost; the others are baselines to compare with.",
            defaultValue = "warmpath")
        Policy policy,
    @Setting(
            doc =
                "Whether affinity decides: `off` takes the least pending work, `shadow` decides and"
                    + " counts but acts as `off`.",
            defaultValue = "enforced",
            reloadable = true)
        Mode mode,
    @Setting(
            doc = "Longest prompt that is taken.",
            defaultValue = "2_000_000",
            min = "1",
            unit = "tokens",
            reloadable = true)
        int maxPromptTokens,
    @Setting(doc = "How a prompt becomes a chain of steps and a family.") Prefix prefix,
    @Setting(
            doc =
                "The model's `tokenizer.json`, as Hugging Face has it: prompts in text are then"
                    + " told by their first `prefix.tokens` real tokens, like prompts in token ids;"
                    + " without one, by their bytes. See [tokenizers](tokenizers.md).")
        @Nullable Path tokenizer,
    @Setting(
            doc = "A replica may have this times the mean pending work, plus `loadSlack`.",
            defaultValue = "1.25",
            min = "1",
            max = "100",
            reloadable = true)
        double loadFactor,
    @Setting(
            doc = "Pending work that a replica may always have above the mean's multiple.",
            defaultValue = "500ms",
            min = "0s",
            max = "10m",
            reloadable = true)
        Duration loadSlack,
    @Setting(
            doc = "Share of one replica's work that one family may have.",
            defaultValue = "0.5",
            min = "0.01",
            max = "1",
            reloadable = true)
        double trafficCap,
    @Setting(doc = "Replicas that share a family.", defaultValue = "auto", reloadable = true)
        ReplicaSetSize replicaSet,
    @Setting(
            doc =
                "Requests a minute of one family that one replica takes from this router; 0 for no"
                    + " cap.",
            defaultValue = "0",
            min = "0",
            max = "1000000",
            unit = "requests a minute",
            reloadable = true)
        double splitThresholdRpm,
    @Setting(doc = "How the traffic of families is followed.") Traffic traffic,
    @Setting(
            doc = "How long a session stays with its replica without a request; 0s for never.",
            defaultValue = "1h",
            min = "0s",
            max = "30d",
            reloadable = true)
        Duration sessionAffinityTtl,
    @Setting(
            doc = "Most prefixes whose replicas are remembered, 40 bytes each.",
            defaultValue = "1_048_576",
            min = "1024",
            max = "67108864")
        int anchorCapacity,
    @Setting(
            doc = "What a second of own prefill costs compared with a second of waiting.",
            defaultValue = "8",
            min = "0",
            max = "100",
            reloadable = true)
        double prefillWeight,
    @Setting(
            doc = "What pushing a working set out of the cache costs; 0 for nothing.",
            defaultValue = "0",
            min = "0",
            max = "100",
            reloadable = true)
        double pressureWeight,
    @Setting(
            doc = "A request whose best placement would wait longer is refused with a retry hint.",
            defaultValue = "3s",
            reloadable = true)
        WaitLimit maxQueueWait,
    @Setting(
            doc = "The load in an older report counts as unknown.",
            defaultValue = "3s",
            min = "100ms",
            max = "10m",
            reloadable = true)
        Duration staleAfter,
    @Setting(
            doc = "Placements of one request; the last carries no limit of pending work.",
            defaultValue = "3",
            min = "1",
            max = "100",
            reloadable = true)
        int maxAttempts,
    @Setting(
            doc = "A replica that reports at least this saturation takes no more.",
            defaultValue = "1",
            min = "0.01",
            max = "1",
            reloadable = true)
        double saturationThreshold,
    @Setting(doc = "When a failing replica is left alone.") Ejection ejection,
    @Setting(doc = "What its tokens cost, in whatever currency.") PricesSection prices) {

  ModelSection {
    if (policy.needsCacheIndex()) {
      throw new RefusedSettingException(
          "policy",
          "is \"" + policy.id() + "\", which knows every cache exactly; only a replay can");
    }
    if (tokenizer != null) {
      check(tokenizer, prefix);
    }
  }

  RouterConfig.Model config() {
    PlacementConfig placement =
        new PlacementConfig(
            mode,
            prefix.config(),
            new PlacementConfig.Bound(loadFactor, seconds(loadSlack)),
            new PlacementConfig.Families(
                trafficCap,
                splitThresholdRpm,
                replicaSet.replicas(),
                seconds(traffic.halfLife),
                traffic.counters,
                Map.of()),
            prefillWeight,
            pressureWeight,
            new PlacementConfig.Anchors(anchorCapacity, seconds(sessionAffinityTtl)),
            new PlacementConfig.Limits(
                maxQueueWait.seconds(), seconds(staleAfter), maxAttempts, saturationThreshold),
            ejection.config(),
            Set.of());
    return new RouterConfig.Model(policy, placement, maxPromptTokens, prices.config(), tokenizer);
  }

  /* What is in the file is found out when a router starts: it loads native code for that. */
  private static void check(Path tokenizer, Prefix prefix) {
    if (!Files.isRegularFile(tokenizer) || !Files.isReadable(tokenizer)) {
      throw new RefusedSettingException(
          "tokenizer", "is " + tokenizer + ", which is no file that can be read");
    }
    if (prefix.tokens > RouterConfig.Model.MAX_TOKENIZER_TOKENS) {
      throw new RefusedSettingException(
          "tokenizer",
          "needs families of at most %d tokens; prefix.tokens is %d"
              .formatted(RouterConfig.Model.MAX_TOKENIZER_TOKENS, prefix.tokens));
    }
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  /** How a prompt becomes a chain of steps and a family. */
  record Prefix(
      @Setting(
              doc = "First tokens of a prompt that make its family, a multiple of `stepTokens`.",
              defaultValue = "1024",
              min = "16",
              max = "1048576",
              unit = "tokens")
          int tokens,
      @Setting(
              doc = "Tokens of one step; equal in all routers and agents.",
              defaultValue = "128",
              min = "16",
              max = "4096",
              unit = "tokens")
          int stepTokens) {

    Prefix {
      new PlacementConfig.Prefix(tokens, stepTokens);
    }

    PlacementConfig.Prefix config() {
      return new PlacementConfig.Prefix(tokens, stepTokens);
    }
  }

  /** How the traffic of families is followed. */
  record Traffic(
      @Setting(doc = "How fast past traffic fades.", defaultValue = "1m", min = "1s", max = "1d")
          Duration halfLife,
      @Setting(
              doc = "Families whose traffic is followed.",
              defaultValue = "256",
              min = "1",
              max = "65536")
          int counters) {}

  /** When a failing replica is left alone. */
  record Ejection(
      @Setting(
              doc = "Failures in a row that eject a replica; 0 for never.",
              defaultValue = "3",
              min = "0",
              max = "1000")
          int consecutiveFailures,
      @Setting(
              doc = "For how long the first time; doubles each time.",
              defaultValue = "2s",
              min = "1ms",
              max = "1d")
          Duration base,
      @Setting(doc = "At most for so long.", defaultValue = "1m", min = "1ms", max = "1d")
          Duration max,
      @Setting(
              doc = "At most this share of the fleet is ejected at once.",
              defaultValue = "0.5",
              min = "0",
              max = "1")
          double maxShare) {

    Ejection {
      if (max.compareTo(base) < 0) {
        throw new IllegalArgumentException("max must be at least base");
      }
    }

    PlacementConfig.Ejection config() {
      return new PlacementConfig.Ejection(
          consecutiveFailures, seconds(base), seconds(max), maxShare);
    }
  }
}
