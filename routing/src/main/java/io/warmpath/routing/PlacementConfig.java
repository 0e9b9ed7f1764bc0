package io.warmpath.routing;

import com.google.errorprone.annotations.Var;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one model's requests are placed.
 *
 * @param mode whether affinity decides
 * @param prefix how a prompt becomes a chain and a family
 * @param bound how much pending work a replica may have compared with the others
 * @param families how many replicas share a family
 * @param prefillWeight what a second of own prefill costs compared with a second of waiting: it
 *     delays everyone behind; at least 0
 * @param pressureWeight what pushing a working set out of the cache costs, 0 for nothing
 * @param anchors what is remembered of past placements
 * @param limits waits, tries and ages
 * @param ejection when a failing replica is left alone
 * @param disabled mechanisms that are switched off, to show their worth
 */
public record PlacementConfig(
    Mode mode,
    Prefix prefix,
    Bound bound,
    Families families,
    double prefillWeight,
    double pressureWeight,
    Anchors anchors,
    Limits limits,
    Ejection ejection,
    @Var Set<Mechanism> disabled) {

  /** The defaults. */
  public static final PlacementConfig DEFAULT =
      new PlacementConfig(
          Mode.ENFORCED,
          Prefix.DEFAULT,
          Bound.DEFAULT,
          Families.DEFAULT,
          8,
          0,
          Anchors.DEFAULT,
          Limits.DEFAULT,
          Ejection.DEFAULT,
          Set.of());

  public PlacementConfig {
    disabled = Set.copyOf(disabled);
    atLeast("prefillWeight", prefillWeight, 0);
    atLeast("pressureWeight", pressureWeight, 0);
  }

  /** Whether {@code mechanism} is on. */
  public boolean uses(Mechanism mechanism) {
    return !disabled.contains(mechanism);
  }

  /**
   * Returns {@code next} with the parts of this that a running placement cannot change: the prefix,
   * the number of anchors and of followed families, their half-life, and the ejection.
   */
  public PlacementConfig changedTo(PlacementConfig next) {
    Families own = next.families;
    return new PlacementConfig(
        next.mode,
        prefix,
        next.bound,
        new Families(
            own.trafficCap,
            own.rateCapPerMinute,
            own.replicaSet,
            families.halfLifeSeconds,
            families.counters,
            own.pinned),
        next.prefillWeight,
        next.pressureWeight,
        new Anchors(anchors.capacity, next.anchors.sessionTtlSeconds),
        next.limits,
        ejection,
        next.disabled);
  }

  /** Returns the same with {@code mechanisms} switched off as well. */
  public PlacementConfig without(Mechanism... mechanisms) {
    EnumSet<Mechanism> more = EnumSet.noneOf(Mechanism.class);
    more.addAll(disabled);
    more.addAll(List.of(mechanisms));
    return new PlacementConfig(
        mode,
        prefix,
        bound,
        families,
        prefillWeight,
        pressureWeight,
        anchors,
        limits,
        ejection,
        more);
  }

  /** Whether affinity decides. */
  public enum Mode {
    /** Least pending work, no affinity. */
    OFF,
    /** Decides and counts what affinity would have done, acts as {@link #OFF}. */
    SHADOW,
    /** Affinity decides. */
    ENFORCED,
  }

  /** Parts of the decision that can be switched off. */
  public enum Mechanism {
    /** The limit of pending work that travels with a request. */
    VALIDATED_PLACEMENT,
    /** Own memory of where prefixes were placed. */
    ANCHORS,
    /** Anchors that the replicas report. */
    REPORTED_ANCHORS,
    /** Anchors die when the replica evicts what is as old. */
    EVICTION_MARK,
    /** A hot family gets several replicas. */
    REPLICA_SETS,
    /** A hot family whose prompts part ways deeper is placed by a deeper step. */
    DEEPER_KEYS,
    /** A family may have only so much of a replica's work. */
    TRAFFIC_CAP,
    /** The first ranks of a family's order are believed to hold what they held for others. */
    RANK_CREDITS,
    /** No replica gets much more pending work than the mean. */
    LOAD_BOUND,
    /** Routers look for idle replicas in disjoint slices of the fleet. */
    SLICES,
    /** A session goes back to its replica. */
    SESSIONS,
    /** A new replica's share of families grows over its first minute. */
    RAMP_UP,
  }

  /**
   * How a prompt becomes a chain and a family.
   *
   * @param tokens tokens that make the family, a multiple of {@code stepTokens}
   * @param stepTokens tokens a step, 16..4,096
   */
  public record Prefix(int tokens, int stepTokens) {

    /** Families of 1,024 tokens, steps of 128. */
    public static final Prefix DEFAULT = new Prefix(1024, 128);

    public Prefix {
      if (stepTokens < 16 || stepTokens > 4096) {
        throw new IllegalArgumentException(
            "prefix.stepTokens: " + stepTokens + ", allowed: 16..4096");
      }
      if (tokens < stepTokens || tokens % stepTokens != 0) {
        throw new IllegalArgumentException(
            "prefix.tokens: " + tokens + ", allowed: a multiple of stepTokens, " + stepTokens);
      }
    }
  }

  /**
   * How much pending work a replica may have: {@code loadFactor x mean + slack}.
   *
   * @param loadFactor at least 1
   * @param loadSlackSeconds absolute slack, seconds of prefill, at least 0
   */
  public record Bound(double loadFactor, double loadSlackSeconds) {

    /** A quarter above the mean and half a second. */
    public static final Bound DEFAULT = new Bound(1.25, 0.5);

    public Bound {
      atLeast("loadFactor", loadFactor, 1);
      atLeast("loadSlack", loadSlackSeconds, 0);
    }
  }

  /**
   * How many replicas share a family.
   *
   * @param trafficCap share of one replica's work that one family may have, above 0, at most 1
   * @param rateCapPerMinute requests a minute of one family that one replica takes from this
   *     router, 0 for no cap
   * @param replicaSet replicas of every family, 0 to follow its traffic
   * @param halfLifeSeconds how fast past traffic fades
   * @param counters families whose traffic is followed
   * @param pinned settings of single families, by key
   */
  public record Families(
      double trafficCap,
      double rateCapPerMinute,
      int replicaSet,
      double halfLifeSeconds,
      int counters,
      @Var Map<Long, PinnedFamily> pinned) {

    /** Half a replica, no rate cap, sets that follow the traffic of the last minutes. */
    public static final Families DEFAULT = new Families(0.5, 0, 0, 60, 256, Map.of());

    public Families {
      pinned = Map.copyOf(pinned);
      checkTrafficCap(trafficCap);
      atLeast("rateCapPerMinute", rateCapPerMinute, 0);
      atLeast("replicaSet", replicaSet, 0);
      atLeast("families.halfLife", halfLifeSeconds, 1);
      if (counters < 1 || counters > 65_536) {
        throw new IllegalArgumentException(
            "families.counters: " + counters + ", allowed: 1..65536");
      }
    }
  }

  /**
   * Settings of one family from day one; see {@link PromptPrefixes} for its key.
   *
   * @param replicaSet its replicas, 0 to follow its traffic
   * @param trafficCap as in {@link Families}
   * @param rateCapPerMinute as in {@link Families}
   * @param replicas ids of the replicas that come first in its order, in this order; empty for the
   *     hashed order
   * @param confinement what holds where only its replica set may serve it; null where other
   *     replicas may, too
   * @param mode whether affinity decides for it; null for the model's mode
   * @param ttlSeconds a replica that has not served a prefix or session of it for so long counts as
   *     one that never did; infinite for no such limit
   */
  public record PinnedFamily(
      int replicaSet,
      double trafficCap,
      double rateCapPerMinute,
      @Var List<String> replicas,
      @Nullable Confinement confinement,
      @Nullable Mode mode,
      double ttlSeconds) {

    public PinnedFamily {
      replicas = List.copyOf(replicas);
      atLeast("pinned.replicaSet", replicaSet, 0);
      checkTrafficCap(trafficCap);
      atLeast("pinned.rateCapPerMinute", rateCapPerMinute, 0);
      if (!(ttlSeconds > 0)) {
        throw new IllegalArgumentException("pinned.ttl: " + ttlSeconds + ", allowed: above 0");
      }
    }

    /** Settings of a family that other replicas may serve as well. */
    public PinnedFamily(
        int replicaSet, double trafficCap, double rateCapPerMinute, List<String> replicas) {
      this(
          replicaSet, trafficCap, rateCapPerMinute, replicas, null, null, Double.POSITIVE_INFINITY);
    }
  }

  /**
   * Says that a family is served by its replica set and by nobody else. A member that is down,
   * draining or ejected is replaced by the next in the family's order, unless the members are named
   * one by one.
   *
   * @param named whether {@code replicas} are all that may serve it
   * @param labels labels that a member must have
   * @param hardCap whether a request that would take the family over its traffic cap on every
   *     member is refused; otherwise the member with the smallest share takes it
   */
  public record Confinement(boolean named, @Var Map<String, String> labels, boolean hardCap) {

    public Confinement {
      labels = Map.copyOf(labels);
    }
  }

  /**
   * What is remembered of past placements.
   *
   * @param capacity most prefixes remembered, at least 1,024; 40 bytes each
   * @param sessionTtlSeconds how long a session stays with its replica without a request
   */
  public record Anchors(int capacity, double sessionTtlSeconds) {

    /** A million prefixes; sessions of an hour. */
    public static final Anchors DEFAULT = new Anchors(1 << 20, 3600);

    public Anchors {
      if (capacity < 1024 || capacity > (1 << 26)) {
        throw new IllegalArgumentException(
            "anchors.capacity: " + capacity + ", allowed: 1024.." + (1 << 26));
      }
      atLeast("sessionAffinityTtl", sessionTtlSeconds, 0);
    }
  }

  /**
   * Waits, tries and ages.
   *
   * @param maxQueueWaitSeconds a request whose best placement would wait longer is refused;
   *     infinite to let it wait
   * @param staleAfterSeconds the load in an older report counts as unknown
   * @param maxAttempts placements of one request; the last carries no limit of pending work
   * @param saturation a replica that reports at least this much takes no more
   */
  public record Limits(
      double maxQueueWaitSeconds, double staleAfterSeconds, int maxAttempts, double saturation) {

    /** Three seconds of wait, reports of three seconds, three attempts. */
    public static final Limits DEFAULT = new Limits(3, 3, 3, 1);

    public Limits {
      if (!(maxQueueWaitSeconds > 0)) {
        throw new IllegalArgumentException(
            "maxQueueWait: " + maxQueueWaitSeconds + ", allowed: above 0");
      }
      atLeast("staleAfter", staleAfterSeconds, 0.1);
      atLeast("maxAttempts", maxAttempts, 1);
      if (!(saturation > 0 && saturation <= 1)) {
        throw new IllegalArgumentException(
            "saturation: " + saturation + ", allowed: above 0, at most 1");
      }
    }
  }

  /**
   * When a failing replica is left alone.
   *
   * @param consecutiveFailures so many failures in a row eject it, 0 for never
   * @param baseSeconds for how long the first time; doubles each time
   * @param maxSeconds at most for so long
   * @param maxShare at most this share of the fleet is ejected at once, 0..1
   */
  public record Ejection(
      int consecutiveFailures, double baseSeconds, double maxSeconds, double maxShare) {

    /** Three failures in a row; 2 seconds to one minute; half of the fleet. */
    public static final Ejection DEFAULT = new Ejection(3, 2, 60, 0.5);

    public Ejection {
      atLeast("ejection.consecutiveFailures", consecutiveFailures, 0);
      atLeast("ejection.base", baseSeconds, 0.001);
      atLeast("ejection.max", maxSeconds, baseSeconds);
      if (!(maxShare >= 0 && maxShare <= 1)) {
        throw new IllegalArgumentException("ejection.maxShare: " + maxShare + ", allowed: 0..1");
      }
    }
  }

  /** Returns what the config says of a prompt's family, by a rule or by its key, or null. */
  public @Nullable PinnedFamily settingsOf(PromptPrefix prompt) {
    return prompt.settings() != null || families.pinned.isEmpty()
        ? prompt.settings()
        : families.pinned.get(prompt.family());
  }

  /** Returns the settings of {@code family} from the config, or null when it has none. */
  public @Nullable PinnedFamily pinned(long family) {
    return families.pinned.get(family);
  }

  private static void checkTrafficCap(double trafficCap) {
    if (!(trafficCap > 0 && trafficCap <= 1)) {
      throw new IllegalArgumentException(
          "trafficCap: " + trafficCap + ", allowed: above 0, at most 1");
    }
  }

  private static void atLeast(String name, double value, double least) {
    if (!(value >= least && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + ": " + value + ", allowed: at least " + least);
    }
  }
}
