package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which prompts are families of their own kind, and how those are placed. Of several rules the
 * first that matches decides.
 *
 * @param name unique among the rules
 * @param match which prompts
 * @param placement how they are placed
 */
public record FamilyRule(String name, Match match, Placement placement) {

  /** Whether no prompt is left for {@code later} because this rule takes all of its prompts. */
  public boolean hides(FamilyRule later, int stepTokens) {
    return match.covers(later.match, stepTokens);
  }

  /**
   * Conditions, all of which must hold; null for any.
   *
   * @param model the base model's name
   * @param promptCacheKey pattern of the prompt cache key
   * @param tenant pattern of the tenant
   * @param prefix what the prompt begins with
   * @param family the key that the family would have without rules
   */
  public record Match(
      @Nullable String model,
      @Nullable Glob promptCacheKey,
      @Nullable Glob tenant,
      @Nullable NamedPrefix prefix,
      @Nullable Long family) {

    private boolean covers(Match other, int stepTokens) {
      return (model == null || model.equals(other.model))
          && covers(promptCacheKey, other.promptCacheKey)
          && covers(tenant, other.tenant)
          && (prefix == null
              || (other.prefix != null && prefix.beginsAlso(other.prefix, stepTokens)))
          && (family == null || family.equals(other.family));
    }

    private static boolean covers(@Nullable Glob own, @Nullable Glob other) {
      return own == null || (other != null && own.covers(other));
    }
  }

  /**
   * How the families of a rule are placed; null for what the model's settings say.
   *
   * @param replicaSet size of the replica set, 0 to follow the family's traffic
   * @param trafficCap share of a replica's work that one family may have, above 0, at most 1
   * @param rateCapPerMinute requests a minute that one replica takes of one family from this
   *     router, 0 for no cap
   * @param replicas ids of the replicas that serve, in the order of preference; empty for any
   * @param labels labels that the replicas must have
   * @param spill whether other replicas may serve when these are busy; null for: only where the
   *     rule fixes neither the size of the set nor its members
   * @param mode whether affinity decides
   * @param ttlSeconds how long a replica counts as holding a prefix or session of the family that
   *     was not used; null for no limit
   */
  public record Placement(
      @Nullable Integer replicaSet,
      @Nullable Double trafficCap,
      @Nullable Double rateCapPerMinute,
      @Var List<String> replicas,
      @Var Map<String, String> labels,
      @Nullable Boolean spill,
      @Nullable Mode mode,
      @Nullable Double ttlSeconds) {

    public Placement {
      replicas = List.copyOf(replicas);
      labels = Map.copyOf(labels);
      if (!labels.isEmpty() && (!replicas.isEmpty() || Boolean.TRUE.equals(spill))) {
        throw new IllegalArgumentException(
            "pinned.labels allows neither pinned.replicas nor spill: true beside it");
      }
    }

    /** Returns the settings of the rule's families where {@code model} says the rest. */
    PlacementConfig.PinnedFamily settings(PlacementConfig model) {
      PlacementConfig.Families families = model.families();
      int inherited = replicas.isEmpty() ? families.replicaSet() : replicas.size();
      return new PlacementConfig.PinnedFamily(
          replicaSet == null ? inherited : replicaSet,
          trafficCap == null ? families.trafficCap() : trafficCap,
          rateCapPerMinute == null ? families.rateCapPerMinute() : rateCapPerMinute,
          replicas,
          isConfined()
              ? new PlacementConfig.Confinement(!replicas.isEmpty(), labels, trafficCap != null)
              : null,
          mode,
          ttlSeconds == null ? Double.POSITIVE_INFINITY : ttlSeconds);
    }

    private boolean isConfined() {
      boolean fixed =
          (replicaSet != null && replicaSet > 0) || !replicas.isEmpty() || !labels.isEmpty();
      return spill == null ? fixed : !spill;
    }
  }
}
