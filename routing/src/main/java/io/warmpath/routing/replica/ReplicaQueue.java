package io.warmpath.routing.replica;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one replica that have not reached their first token: those waiting in the agent
 * and those handed to the engine. Not thread-safe: one writer.
 */
public final class ReplicaQueue {

  /*
   * Waiting requests are kept in the order in which they will be handed out: by the client's class,
   * then by a key that is fixed on arrival, then by arrival. With virtual deadlines the key is
   * arrival + factor x own prefill time: short and cached prompts overtake long ones, and because
   * the key of a waiting request never changes while that of later ones grows, nobody starves.
   *
   * Pending work is counted in tokens and requests and turned into seconds when asked, so that a
   * change of speed applies to all of it. An engine works on prompts in the order in which it got
   * them, so the time since it began the first unfinished one counts as progress on that one, up to
   * the whole of it; a finished prompt takes its rest with it and the next one begins.
   */
  private static final double NANOS_PER_SECOND = 1e9;

  private final Settings settings;
  private final Map<QueuedRequest, Waiting> waiting = new LinkedHashMap<>();
  private final TreeSet<Waiting> order = new TreeSet<>(HAND_OUT_ORDER);
  private final Map<QueuedRequest, Boolean> atEngine = new LinkedHashMap<>();
  private PrefillSpeed speed;
  private long arrivals;
  private long waitingTokens;
  private long engineTokens;
  private long headBeganNanos;

  private static final Comparator<Waiting> HAND_OUT_ORDER =
      Comparator.comparingInt((Waiting entry) -> entry.request.priority())
          .thenComparing((a, b) -> Long.signum(a.keyNanos - b.keyNanos))
          .thenComparingLong(entry -> entry.arrival);

  /**
   * Limits and order of a replica's queue.
   *
   * @param capacity most requests waiting in the agent, at least 1
   * @param order the order in which waiting requests are handed out
   * @param deadlineFactor virtual deadline = arrival + factor x own expected prefill time, at least
   *     0
   * @param engineWorkSeconds hand out while the engine holds less than this much prefill work
   * @param engineRequests hand out while fewer than this many requests are in prefill at the
   *     engine, at least 1
   */
  public record Settings(
      int capacity,
      Order order,
      double deadlineFactor,
      double engineWorkSeconds,
      int engineRequests) {

    /** The default: 1,024 requests, virtual deadlines of factor 8, half a second at the engine. */
    public static final Settings DEFAULT = new Settings(1024, Order.VIRTUAL_DEADLINE, 8, 0.5, 64);

    public Settings {
      if (capacity < 1 || engineRequests < 1) {
        throw new IllegalArgumentException(
            "capacity: " + capacity + ", engineRequests: " + engineRequests);
      }
      if (!(deadlineFactor >= 0 && deadlineFactor < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("deadlineFactor: " + deadlineFactor);
      }
      if (!(engineWorkSeconds >= 0)) {
        throw new IllegalArgumentException("engineWorkSeconds: " + engineWorkSeconds);
      }
    }
  }

  /** Orders of a queue; within a priority class. */
  public enum Order {
    /** First come, first served. */
    ARRIVAL,
    /** Smallest virtual deadline first. */
    VIRTUAL_DEADLINE,
  }

  /** An empty queue. */
  public ReplicaQueue(Settings settings, PrefillSpeed speed) {
    this.settings = settings;
    this.speed = speed;
  }

  /**
   * Admits or refuses a request.
   *
   * @param limitSeconds refuse above this much pending work, infinite for no limit
   * @param maxWaitSeconds refuse when its prefill would start later than this, infinite for none
   */
  public Admission offer(
      QueuedRequest request, double limitSeconds, double maxWaitSeconds, long nowNanos) {
    if (waiting.containsKey(request) || atEngine.containsKey(request)) {
      throw new IllegalStateException("request is queued already");
    }
    double pendingSeconds = pendingWorkSeconds(nowNanos);
    if (pendingSeconds > limitSeconds) {
      return new Admission.Refused(
          Admission.Reason.ABOVE_LIMIT, pendingSeconds, pendingSeconds - limitSeconds);
    }
    if (waiting.size() >= settings.capacity) {
      return new Admission.Refused(Admission.Reason.QUEUE_FULL, pendingSeconds, pendingSeconds);
    }
    Waiting entry = new Waiting(request, keyNanos(request), arrivals++);
    if (maxWaitSeconds < pendingSeconds) {
      double waitSeconds = engineSeconds(nowNanos) + secondsAheadOf(entry);
      if (waitSeconds > maxWaitSeconds) {
        return new Admission.Refused(
            Admission.Reason.QUEUE_WAIT, pendingSeconds, waitSeconds - maxWaitSeconds);
      }
    }
    waiting.put(request, entry);
    order.add(entry);
    waitingTokens += request.expectedComputedTokens();
    return new Admission.Accepted(pendingSeconds);
  }

  /** Takes the next request to hand to the engine, or null when the engine has enough or none. */
  public @Nullable QueuedRequest next(long nowNanos) {
    boolean engineHasEnough =
        !atEngine.isEmpty()
            && (atEngine.size() >= settings.engineRequests
                || engineSeconds(nowNanos) >= settings.engineWorkSeconds);
    Waiting first = engineHasEnough ? null : order.pollFirst();
    if (first == null) {
      return null;
    }
    QueuedRequest request = first.request;
    waiting.remove(request);
    waitingTokens -= request.expectedComputedTokens();
    if (atEngine.isEmpty()) {
      headBeganNanos = nowNanos;
    }
    atEngine.put(request, true);
    engineTokens += request.expectedComputedTokens();
    return request;
  }

  /** The engine computed the prompt: its first token came. No effect if it is unknown. */
  public void prefilled(QueuedRequest request, long nowNanos) {
    remove(request, nowNanos);
  }

  /** The request ended before its first token: cancelled or failed. No effect if it is unknown. */
  public void remove(QueuedRequest request, long nowNanos) {
    Waiting entry = waiting.remove(request);
    if (entry != null) {
      order.remove(entry);
      waitingTokens -= request.expectedComputedTokens();
    } else if (atEngine.remove(request) != null) {
      engineTokens -= request.expectedComputedTokens();
      headBeganNanos = nowNanos;
    }
  }

  /** The measured speed changed. */
  public void setSpeed(PrefillSpeed speed) {
    this.speed = speed;
  }

  /** Prefill work accepted and not yet computed, seconds; falls while the engine computes. */
  public double pendingWorkSeconds(long nowNanos) {
    return seconds(waiting.size(), waitingTokens) + engineSeconds(nowNanos);
  }

  /** The part of it that the engine has. */
  public double engineWorkSeconds(long nowNanos) {
    return Math.max(0, engineSeconds(nowNanos));
  }

  /** Pending work in tokens. */
  public long pendingPrefillTokens(long nowNanos) {
    long computed = Math.round(headProgressSeconds(nowNanos) * speed.tokensPerSecond());
    return waitingTokens + Math.max(0, engineTokens - computed);
  }

  /** Requests waiting in the agent. */
  public int waitingRequests() {
    return waiting.size();
  }

  /** Requests handed to the engine that have not reached their first token. */
  public int engineRequests() {
    return atEngine.size();
  }

  private long keyNanos(QueuedRequest request) {
    return switch (settings.order) {
      case ARRIVAL -> request.arrivalNanos();
      case VIRTUAL_DEADLINE -> {
        double ownSeconds = speed.seconds(request.expectedComputedTokens());
        yield request.arrivalNanos()
            + Math.round(settings.deadlineFactor * ownSeconds * NANOS_PER_SECOND);
      }
    };
  }

  private double secondsAheadOf(Waiting entry) {
    @Var int count = 0;
    @Var long tokens = 0;
    for (Waiting ahead : order.headSet(entry)) {
      count++;
      tokens += ahead.request.expectedComputedTokens();
    }
    return seconds(count, tokens);
  }

  private double engineSeconds(long nowNanos) {
    return seconds(atEngine.size(), engineTokens) - headProgressSeconds(nowNanos);
  }

  private double headProgressSeconds(long nowNanos) {
    if (atEngine.isEmpty()) {
      return 0;
    }
    QueuedRequest head = atEngine.keySet().iterator().next();
    double elapsedSeconds = (nowNanos - headBeganNanos) / NANOS_PER_SECOND;
    return Math.min(Math.max(0, elapsedSeconds), speed.seconds(head.expectedComputedTokens()));
  }

  private double seconds(int requests, long tokens) {
    return requests * speed.overheadSeconds() + tokens / speed.tokensPerSecond();
  }

  /** A waiting request with its place in the order. */
  private record Waiting(QueuedRequest request, long keyNanos, long arrival) {}
}
