package io.warmpath.routing;

import com.google.errorprone.annotations.Var;
import java.util.List;
import java.util.Map;

/**
 * What one replica says of itself at one moment: the content of its znode. Times are ages relative
 * to that moment, so that no two clocks are ever compared.
 *
 * @param identity who it is and what it serves
 * @param epoch grows each time the cache starts empty
 * @param sequence grows by one with each report of an epoch
 * @param state its life-cycle state
 * @param readySeconds how long it has been ready
 * @param load what it has to do
 * @param cache what its KV cache holds
 * @param prefill how fast it computes
 * @param families the families with the largest share of its recent work, largest first
 * @param anchors prefixes that became cached lately
 * @param totals counters since the epoch began
 */
public record ReplicaReport(
    Identity identity,
    long epoch,
    long sequence,
    State state,
    double readySeconds,
    Load load,
    Cache cache,
    PrefillSpeed prefill,
    @Var List<FamilyShare> families,
    RecentAnchors anchors,
    Totals totals) {

  public ReplicaReport {
    families = List.copyOf(families);
  }

  /** The replica's id, unique in the cluster. */
  public String id() {
    return identity.id();
  }

  /** Life-cycle states of a replica. */
  public enum State {
    /** The engine is not ready yet. */
    STARTING,
    /** Takes requests. */
    READY,
    /** Finishes what runs and takes nothing new. */
    DRAINING,
    /** The engine does not answer its metrics: load is unknown, requests may still work. */
    UNKNOWN,
    /** The engine is dead. */
    DOWN,
  }

  /**
   * Who a replica is and what it serves; constant for an epoch.
   *
   * @param id unique in the cluster
   * @param address host:port of its agent
   * @param models what it serves
   * @param labels free labels such as {@code zone} and {@code gpu}
   * @param weight capacity relative to other replicas, above 0
   */
  public record Identity(
      String id,
      String address,
      @Var List<ServedModel> models,
      @Var Map<String, String> labels,
      double weight) {

    public Identity {
      models = List.copyOf(models);
      labels = Map.copyOf(labels);
      if (id.isEmpty()) {
        throw new IllegalArgumentException("id is empty");
      }
      if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("weight: " + weight);
      }
    }
  }

  /**
   * A model that a replica serves.
   *
   * @param name the name that requests use
   * @param maxModelLenTokens longest prompt plus completion, 0 when unknown
   * @param loraAdapters adapters that are loaded
   */
  public record ServedModel(String name, int maxModelLenTokens, @Var List<String> loraAdapters) {

    public ServedModel {
      loraAdapters = List.copyOf(loraAdapters);
    }
  }

  /**
   * What a replica has to do.
   *
   * @param pendingPrefillTokens prompt tokens accepted and not yet computed
   * @param pendingWorkSeconds the same in seconds of prefill
   * @param runningRequests requests in the engine's batch
   * @param waitingRequests requests queued in agent and engine
   * @param saturation 0 idle .. 1 must not get more
   */
  public record Load(
      long pendingPrefillTokens,
      double pendingWorkSeconds,
      int runningRequests,
      int waitingRequests,
      double saturation) {

    /** No work at all. */
    public static final Load IDLE = new Load(0, 0, 0, 0, 0);

    public Load {
      if (pendingPrefillTokens < 0 || runningRequests < 0 || waitingRequests < 0) {
        throw new IllegalArgumentException("negative count");
      }
      if (!(pendingWorkSeconds >= 0 && pendingWorkSeconds < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("pendingWorkSeconds: " + pendingWorkSeconds);
      }
      if (!(saturation >= 0 && saturation <= 1)) {
        throw new IllegalArgumentException("saturation: " + saturation);
      }
    }
  }

  /**
   * State of a replica's KV cache, in tokens.
   *
   * @param usedTokens held by running requests
   * @param capacityTokens all that fits, 0 when unknown
   * @param blockSizeTokens tokens a block
   * @param workingSetTokens distinct tokens touched in the last minutes
   * @param evictionAgeSeconds how long before this report the most recently evicted block was last
   *     touched: prefixes not touched since then are gone; infinite while nothing was evicted
   */
  public record Cache(
      long usedTokens,
      long capacityTokens,
      int blockSizeTokens,
      long workingSetTokens,
      double evictionAgeSeconds) {

    public Cache {
      if (usedTokens < 0 || capacityTokens < 0 || blockSizeTokens < 0 || workingSetTokens < 0) {
        throw new IllegalArgumentException("negative count");
      }
      if (!(evictionAgeSeconds >= 0)) {
        throw new IllegalArgumentException("evictionAgeSeconds: " + evictionAgeSeconds);
      }
    }
  }

  /**
   * A family's share of a replica's recent traffic.
   *
   * @param family the family's key
   * @param workShare share of its prefill work, 0..1
   * @param requestShare share of its requests, 0..1
   */
  public record FamilyShare(long family, double workShare, double requestShare) {}

  /**
   * Counters since the epoch began.
   *
   * @param cachedTokens prompt tokens read from the cache
   * @param computedTokens prompt tokens computed
   * @param requests requests finished
   */
  public record Totals(long cachedTokens, long computedTokens, long requests) {}
}
