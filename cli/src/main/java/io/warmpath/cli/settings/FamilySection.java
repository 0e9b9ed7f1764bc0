package io.warmpath.cli.settings;

import io.warmpath.config.Setting;
import io.warmpath.router.FamilyRule;
import io.warmpath.router.NamedPrefix;
import io.warmpath.routing.PlacementConfig.Mode;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One rule for families. */
record FamilySection(
    @Setting(doc = "Unique among the rules.", min = "1", max = "128", reloadable = true)
        String name,
    @Setting(doc = "Which prompts; all conditions that are given must hold.") Match match,
    @Setting(
            doc = "Replicas that share a family; absent for the model's `replicaSet`.",
            reloadable = true)
        @Nullable ReplicaSetSize replicaSet,
    @Setting(
            doc =
                "Share of one replica's work of any ten seconds that one family may have; absent"
                    + " for the model's. Where the rule lets no other replica serve, what would"
                    + " exceed it everywhere is refused as overload; an absent one refuses"
                    + " nothing.",
            min = "0.01",
            max = "1",
            reloadable = true)
        @Nullable Double trafficCap,
    @Setting(
            doc =
                "Requests a minute of one family that one replica takes from this router, 0 for no"
                    + " cap; absent for the model's `splitThresholdRpm`.",
            min = "0",
            max = "1000000",
            unit = "requests a minute",
            reloadable = true)
        @Nullable Double rateCap,
    @Setting(doc = "The replicas that serve the rule's families.") Pinned pinned,
    @Setting(
            doc =
                "Whether other replicas may serve them, too, when these are busy. Absent: not where"
                    + " the rule sets a number as `replicaSet`, or `pinned`.",
            reloadable = true)
        @Nullable Boolean spill,
    @Setting(doc = "Whether affinity decides; absent for the model's.", reloadable = true)
        @Nullable Mode mode,
    @Setting(
            doc =
                "A replica that has not served a prefix or session for so long counts as one that"
                    + " never did; absent for no limit.",
            min = "1s",
            max = "30d",
            reloadable = true)
        @Nullable Duration ttl) {

  FamilySection {
    checkSize(replicaSet, pinned);
    placement(replicaSet, trafficCap, rateCap, pinned, spill, mode, ttl);
  }

  private static void checkSize(@Nullable ReplicaSetSize replicaSet, Pinned pinned) {
    int named = pinned.replicas.size();
    if (named > 0 && replicaSet != null && replicaSet.replicas() > named) {
      throw new IllegalArgumentException(
          "replicaSet is %d and pinned.replicas names %d; name as many or lower replicaSet"
              .formatted(replicaSet.replicas(), named));
    }
  }

  /** Returns the rule, whose prefix is one of {@code prefixes}. */
  FamilyRule rule(Map<String, NamedPrefix> prefixes) {
    return new FamilyRule(
        name,
        new FamilyRule.Match(
            match.model,
            match.promptCacheKey == null ? null : match.promptCacheKey.glob(),
            match.tenant == null ? null : match.tenant.glob(),
            match.prefix == null ? null : prefixes.get(match.prefix),
            match.familyHash == null ? null : match.familyHash.key()),
        placement(replicaSet, trafficCap, rateCap, pinned, spill, mode, ttl));
  }

  private static FamilyRule.Placement placement(
      @Nullable ReplicaSetSize replicaSet,
      @Nullable Double trafficCap,
      @Nullable Double rateCap,
      Pinned pinned,
      @Nullable Boolean spill,
      @Nullable Mode mode,
      @Nullable Duration ttl) {
    return new FamilyRule.Placement(
        replicaSet == null ? null : replicaSet.replicas(),
        trafficCap,
        rateCap,
        pinned.replicas,
        pinned.labels,
        spill,
        mode,
        ttl == null ? null : ttl.toNanos() / 1e9);
  }

  /** Which prompts a rule is for. */
  record Match(
      @Setting(doc = "The base model; absent for any.", min = "1", reloadable = true)
          @Nullable String model,
      @Setting(
              doc = "The request's prompt cache key; every key is a family of its own.",
              reloadable = true)
          @Nullable NamePattern promptCacheKey,
      @Setting(doc = "Who asks.", reloadable = true) @Nullable NamePattern tenant,
      @Setting(
              doc =
                  "What the prompt begins with, one of the names in `prefixes`; all prompts that"
                      + " begin so are one family.",
              reloadable = true)
          @Nullable String prefix,
      @Setting(doc = "The family's key without rules.", reloadable = true)
          @Nullable FamilyHash familyHash) {}

  /** The replicas that serve a rule's families. */
  record Pinned(
      @Setting(
              doc =
                  "Their ids, in the order of preference; the only ones that serve, unless `spill`"
                      + " is true.",
              max = "64",
              reloadable = true)
          List<String> replicas,
      @Setting(
              doc =
                  "Labels that they have, as the agents' `labels` say: a zone, a GPU type. No other"
                      + " replica serves.",
              max = "16",
              reloadable = true)
          Map<String, String> labels) {

    Pinned {
      if (new HashSet<>(replicas).size() < replicas.size()) {
        throw new IllegalArgumentException("replicas names one of them twice; name each once");
      }
    }
  }
}
