package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.simulator.engine.EngineProfile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The conditions of a replay.
 *
 * @param cluster the replicas
 * @param routers routers, each with a view of its own, 1..1,024
 * @param reports how the routers learn of the replicas
 * @param speed how much faster than the trace requests arrive, above 0
 * @param closedLoop whether a turn comes after the turn before has ended
 * @param warmup share of the requests, the first ones, that are left out of first-token times, 0..1
 * @param events changes of the fleet
 */
public record ReplayOptions(
    Cluster cluster,
    int routers,
    Reports reports,
    double speed,
    boolean closedLoop,
    double warmup,
    @Var List<FleetEvent> events) {

  public ReplayOptions {
    events = List.copyOf(events);
    check("routers", routers, 1, 1024);
    check("speed", speed, 1e-6, 1e6);
    check("warmup", warmup, 0, 0.99);
  }

  /** Returns the same at another speed. */
  public ReplayOptions withSpeed(double other) {
    return new ReplayOptions(cluster, routers, reports, other, closedLoop, warmup, events);
  }

  /**
   * The replicas.
   *
   * @param replicas how many at the start, 1..65,536
   * @param cacheTokens KV cache of each, in tokens
   * @param prefill how fast each computes prompts, by itself or as the profile does
   * @param decodeTokenSeconds time of one decoded token
   * @param profile the full engine model, or null for the linear one: one prefill at a time at a
   *     constant rate, decoding costs nothing
   */
  public record Cluster(
      int replicas,
      long cacheTokens,
      PrefillSpeed prefill,
      double decodeTokenSeconds,
      @Nullable EngineProfile profile) {

    public Cluster {
      check("replicas", replicas, 1, 65_536);
      check("cacheTokens", (double) cacheTokens, 1, 1e12);
      check("decodeTokenSeconds", decodeTokenSeconds, 0, 100);
    }

    /** Returns replicas with the linear engine. */
    public static Cluster linear(
        int replicas, long cacheTokens, PrefillSpeed prefill, double decodeTokenSeconds) {
      return new Cluster(replicas, cacheTokens, prefill, decodeTokenSeconds, null);
    }

    /** Returns replicas with the full engine model, of the profile's speed. */
    public static Cluster of(int replicas, long cacheTokens, EngineProfile profile) {
      return new Cluster(
          replicas,
          cacheTokens,
          ProfileEngine.speed(profile),
          profile.stepTime().seconds(0, 1, 0),
          profile);
    }

    /** Returns the same without cache that so many tokens could not fill. */
    Cluster withCacheFor(long tokens) {
      return new Cluster(
          replicas, Math.clamp(tokens, 1, cacheTokens), prefill, decodeTokenSeconds, profile);
    }
  }

  /**
   * How the routers learn of the replicas.
   *
   * @param periodSeconds time between two reports, 0 to report before each decision
   * @param ageSeconds how old a report is when it reaches the routers, at least 0
   * @param lossSeconds how long a dead replica stays in the view
   */
  public record Reports(double periodSeconds, double ageSeconds, double lossSeconds) {

    public Reports {
      check("report period", periodSeconds, 0, 3600);
      check("report age", ageSeconds, 0, 3600);
      check("loss time", lossSeconds, 0, 3600);
    }
  }

  /**
   * A change of the fleet.
   *
   * @param kind what happens
   * @param count to how many replicas, at least 1
   * @param atSeconds when, in seconds of replay time, or a share of the trace's length below
   * @param relative whether {@code atSeconds} is a share 0..1 of the trace's length
   */
  public record FleetEvent(Kind kind, int count, double atSeconds, boolean relative) {

    public FleetEvent {
      check("count", count, 1, 65_536);
      check("time", atSeconds, 0, relative ? 1 : 1e9);
    }

    /** What happens to the fleet. */
    public enum Kind {
      /** Replicas die with all they hold. */
      KILL,
      /** Replicas with empty caches come up. */
      JOIN,
    }
  }

  private static void check(String name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new IllegalArgumentException(
          "%s is %s, must be %s..%s".formatted(name, value, least, most));
    }
  }
}
