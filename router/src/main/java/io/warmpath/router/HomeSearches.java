package io.warmpath.router;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Says when replicas may be asked for a response that this router did not see made, and counts what
 * came of it. Thread-safe, lock-free.
 */
final class HomeSearches {

  /*
   * Two limits keep it cheap where nobody ever knows, as with engines that keep nothing: a response
   * that no replica had is not looked for again at once, and few searches run at the same time. A
   * search asks each replica once, so that even without them an engine gets no more questions than
   * it would get requests if it were the only one.
   */
  static final int MAX_RUNNING = 64;

  /** A response that is still being made may be there this much later. */
  static final long NOWHERE_NANOS = 2_000_000_000;

  private static final int REMEMBERED = 1 << 12;

  /** Ids that can be part of a path as they are. */
  private static final Pattern ID = Pattern.compile("resp_[A-Za-z0-9_-]{1,128}");

  private final AtomicReferenceArray<@Nullable Nowhere> nowhere =
      new AtomicReferenceArray<>(REMEMBERED);
  private final AtomicInteger running = new AtomicInteger();
  private final Map<Result, Counter> results = new EnumMap<>(Result.class);
  private final Counter asked;
  private final SessionKeys keys;

  /** What came of a search. */
  enum Result {
    /** A replica has it. */
    FOUND,
    /** All replicas said that they do not have it. */
    NOWHERE,
    /** Nobody said to have it, but not all said that they do not. */
    UNCLEAR,
    /** The client left. */
    CANCELLED,
    /** No search: there was one a moment ago, and it found it nowhere. */
    REPEATED,
    /** No search: too many are running. */
    CROWDED,
  }

  private record Nowhere(long key, long sinceNanos) {}

  /** Keeps hashes made by {@code keys} in place of the ids. */
  HomeSearches(SessionKeys keys, MeterRegistry registry) {
    this.keys = keys;
    for (Result result : Result.values()) {
      results.put(
          result,
          Counter.builder("warmpath.http.response.searches")
              .description("Searches among the replicas for an earlier response")
              .tag("result", result.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    this.asked =
        Counter.builder("warmpath.http.response.asked")
            .description("Replicas asked in searches for an earlier response")
            .register(registry);
  }

  /** Whether replicas can be asked for a response of that id. */
  static boolean canAskFor(String id) {
    return ID.matcher(id).matches();
  }

  /** Begins a search, which {@link #ended} must end, or returns that there must be none now. */
  boolean begin(String id, long nowNanos) {
    long key = key(id);
    Nowhere known = nowhere.get(place(key));
    if (known != null && known.key == key && nowNanos - known.sinceNanos < NOWHERE_NANOS) {
      count(Result.REPEATED);
      return false;
    }
    if (running.incrementAndGet() > MAX_RUNNING) {
      running.decrementAndGet();
      count(Result.CROWDED);
      return false;
    }
    return true;
  }

  /** Another replica is asked. */
  void asks() {
    asked.increment();
  }

  /** A search that had begun is over. */
  void ended(String id, Result result, long nowNanos) {
    running.decrementAndGet();
    count(result);
    if (result == Result.NOWHERE) {
      long key = key(id);
      nowhere.set(place(key), new Nowhere(key, nowNanos));
    }
  }

  private void count(Result result) {
    Counter counter = results.get(result);
    if (counter != null) {
      counter.increment();
    }
  }

  private long key(String id) {
    return keys.key("", "", id);
  }

  private static int place(long key) {
    return (int) (key & (REMEMBERED - 1));
  }
}
