package io.warmpath.routing.affinity;

import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mechanism;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Follows the traffic of families and says how many replicas each needs. Used by the updating
 * thread alone.
 */
final class FamilyBook {

  /*
   * A family with share s of the traffic of n replicas gets ceil(s n / cap) of them, so that none
   * has more of it than the cap. s is the larger of its shares of requests and of work, and of that
   * the least it can be given the sketch's error. A set grows at once and shrinks only when the
   * family needs less than 0.6 of it; a family seen a few times only cannot have many replicas.
   *
   * A hot family whose prompts part ways behind the family's tokens need not be widened: its
   * prompts are placed by a deeper key, the step at twice, four times … the family's depth, each of
   * which is a smaller family. So the children of a hot key are observed as well, and the children
   * of a hot child. If no child has most of what reaches their depth, or the one that has is
   * divided deeper, the key is given up for the deeper ones, and keeps replicas only for the
   * prompts that end before.
   */
  private static final double SHRINK = 0.6;
  private static final double REQUESTS_A_REPLICA = 4;
  private static final double DOMINANT = 0.5;
  private static final int MAX_CHILDREN = 1024;
  private static final int MAX_DEPTH = 16;

  private PlacementConfig config;
  private final TrafficTape tape;
  private final NamedFamilies named;
  private final Traffic families;
  private final Traffic children;
  private final Traffic passedOn;
  private final LinkedHashMap<Long, Long> parentOfChild = new LinkedHashMap<>();
  private final JobSizes jobSizes;
  private Map<Long, Integer> replicasOfKey = Map.of();

  FamilyBook(PlacementConfig config, TrafficTape tape, NamedFamilies named, long nowNanos) {
    this.config = config;
    this.tape = tape;
    this.named = named;
    this.families = new Traffic(config.families(), nowNanos);
    this.children = new Traffic(config.families(), nowNanos);
    this.passedOn = new Traffic(config.families(), nowNanos);
    this.jobSizes = new JobSizes();
  }

  /** Takes other settings, in effect with the next update. */
  void reconfigure(PlacementConfig newConfig) {
    config = newConfig;
  }

  /** Reads the tape and returns what follows from it for {@code replicaCount} replicas. */
  FamilyTable update(int replicaCount, long nowNanos) {
    tape.drain((key, parent, workSeconds) -> read(key, parent, workSeconds, nowNanos));
    Edition edition = new Edition(Math.max(1, replicaCount), nowNanos);
    // No more families than this can have the share that takes a second replica.
    int hottest = (int) Math.ceil(edition.replicaCount / config.families().trafficCap()) + 1;
    int looked = Math.min(hottest, config.families().counters());
    for (long key : families.largest(looked)) {
      edition.add(key, families.of(key, nowNanos));
    }
    for (long key : children.largest(looked)) {
      edition.add(key, children.of(key, nowNanos));
    }
    for (long key : config.families().pinned().keySet()) {
      edition.add(key, families.of(key, nowNanos));
    }
    for (long key : named.keys()) {
      edition.add(key, families.of(key, nowNanos));
    }
    replicasOfKey = edition.replicas;
    return new FamilyTable(edition.entries.values());
  }

  /** How large the requests are that were read so far. */
  JobSizes jobSizes() {
    return jobSizes;
  }

  private void read(long key, long parent, double workSeconds, long nowNanos) {
    if (parent == 0) {
      jobSizes.add(workSeconds);
    }
    if (key == TrafficTape.NO_FAMILY) {
      families.addKeyless(workSeconds, nowNanos);
    } else if (parent == 0) {
      families.add(key, workSeconds, nowNanos);
    } else {
      children.add(key, workSeconds, nowNanos);
      passedOn.add(parent, workSeconds, nowNanos);
      parentOfChild.putLast(key, parent);
      if (parentOfChild.size() > MAX_CHILDREN) {
        parentOfChild.pollFirstEntry();
      }
    }
  }

  /** One table in the making. */
  private final class Edition {

    private final int replicaCount;
    private final long nowNanos;
    private final Traffic.Amount total;
    private final Map<Long, Long> mainChildOf = new HashMap<>();
    private final Map<Long, FamilyTable.Entry> entries = new HashMap<>();
    private final Map<Long, Integer> replicas = new HashMap<>();

    Edition(int replicaCount, long nowNanos) {
      this.replicaCount = replicaCount;
      this.nowNanos = nowNanos;
      this.total = families.total(nowNanos);
      parentOfChild.forEach(this::considerMainChild);
    }

    private void considerMainChild(long child, long parent) {
      Long rival = mainChildOf.get(parent);
      if (rival == null
          || children.of(child, nowNanos).requests() > children.of(rival, nowNanos).requests()) {
        mainChildOf.put(parent, child);
      }
    }

    void add(long key, Traffic.Amount amount) {
      PlacementConfig.PinnedFamily pinned = settingsOf(key);
      double trafficCap = pinned == null ? config.families().trafficCap() : pinned.trafficCap();
      boolean hot = needed(amount, trafficCap) > 1;
      boolean divisible =
          config.uses(Mechanism.DEEPER_KEYS) && (pinned == null || pinned.confinement() == null);
      boolean deeper = hot && divisible && partsWays(key, MAX_DEPTH);
      Traffic.Amount own = deeper ? amount.minus(passedOn.of(key, nowNanos)) : amount;
      int size = setSize(key, needed(own, trafficCap), pinned);
      if (hot || size > 1 || pinned != null) {
        replicas.put(key, size);
        entries.put(
            key,
            new FamilyTable.Entry(
                key,
                share(amount.requests(), total.requests()),
                share(amount.workSeconds(), total.workSeconds()),
                size,
                hot && divisible,
                deeper,
                trafficCap,
                pinned == null ? config.families().rateCapPerMinute() : pinned.rateCapPerMinute(),
                pinned == null ? List.of() : pinned.replicas()));
      }
    }

    private PlacementConfig.@Nullable PinnedFamily settingsOf(long key) {
      PlacementConfig.PinnedFamily byRule = named.find(key);
      return byRule == null ? config.pinned(key) : byRule;
    }

    /** How many replicas {@code amount} needs, hysteresis left out. */
    private int needed(Traffic.Amount amount, double trafficCap) {
      double larger =
          Math.max(
              share(amount.requests(), total.requests()),
              share(amount.workSeconds(), total.workSeconds()));
      double byTraffic = Math.ceil(larger * replicaCount / trafficCap);
      double byCount = 1 + Math.floor(amount.requests() / REQUESTS_A_REPLICA);
      return (int) Math.clamp(Math.min(byTraffic, byCount), 1, replicaCount);
    }

    private int setSize(long key, int needed, PlacementConfig.@Nullable PinnedFamily pinned) {
      int fixed = pinned == null ? config.families().replicaSet() : pinned.replicaSet();
      if (fixed > 0) {
        return Math.min(fixed, replicaCount);
      }
      if (!config.uses(Mechanism.REPLICA_SETS)) {
        return 1;
      }
      int before = Math.min(replicasOfKey.getOrDefault(key, 1), replicaCount);
      return needed >= SHRINK * before ? Math.max(needed, before) : needed;
    }

    /** Whether the prompts of {@code key} part ways at some deeper key. */
    private boolean partsWays(long key, int depthLeft) {
      Long child = mainChildOf.get(key);
      if (child == null || depthLeft == 0) {
        return false;
      }
      double reaching = passedOn.of(key, nowNanos).requests();
      double mostOfIt = children.of(child, nowNanos).requests();
      return mostOfIt <= DOMINANT * reaching || partsWays(child, depthLeft - 1);
    }

    private static double share(double part, double whole) {
      return whole > 0 ? Math.min(1, part / whole) : 0;
    }
  }
}
