package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which replica made which response of {@code /v1/responses}: engines keep responses in
 * their own memory, so only the one that made a response can show it, cancel it or go on from it.
 * Thread-safe, lock-free.
 */
final class ResponseHomes {

  /*
   * A set-associative table: a key may lie in any of four places, and takes the place of the oldest
   * of them when all are taken. Of 65,536 responses few are lost before as many newer ones came. A
   * place is written without a look at who else writes it: the later of two wins, and the other is
   * one that was forgotten early.
   */
  static final int CAPACITY = 1 << 16;
  private static final int WAYS = 4;

  private final AtomicReferenceArray<@Nullable Entry> entries =
      new AtomicReferenceArray<>(CAPACITY);
  private final AtomicLong newest = new AtomicLong();
  private final SessionKeys keys;
  private final Counter known;
  private final Counter unknown;
  private final Counter gone;

  /**
   * Where a response is.
   *
   * @param model base name of the model that made it
   * @param replicaId the replica that has it
   */
  record Home(String model, String replicaId) {}

  private record Entry(long key, long number, Home home) {}

  /** Keeps hashes made by {@code keys} in place of the ids. */
  ResponseHomes(SessionKeys keys, MeterRegistry registry) {
    this.keys = keys;
    this.known = counter(registry, "known");
    this.unknown = counter(registry, "unknown");
    this.gone = counter(registry, "gone");
  }

  private static Counter counter(MeterRegistry registry, String result) {
    return Counter.builder("warmpath.http.response.lookups")
        .description("Requests about an earlier response, by whether its replica is known")
        .tag("replica", result)
        .register(registry);
  }

  /** The response of that id was made by {@code home}. */
  void remember(String id, Home home) {
    long key = key(id);
    int first = firstPlace(key);
    @Var int place = first;
    @Var long oldest = Long.MAX_VALUE;
    for (int i = first; i < first + WAYS && oldest > 0; i++) {
      Entry entry = entries.get(i);
      long number = entry == null || entry.key == key ? 0 : entry.number;
      if (number < oldest) {
        place = i;
        oldest = number;
      }
    }
    entries.set(place, new Entry(key, newest.incrementAndGet(), home));
  }

  /**
   * Returns who made the response of that id, or null when that is not known or it is not ready.
   */
  @Nullable Home find(String id, RoutingTable table) {
    Home home = find(key(id));
    if (home == null) {
      unknown.increment();
      return null;
    }
    if (!table.isReady(home.replicaId)) {
      gone.increment();
      return null;
    }
    known.increment();
    return home;
  }

  private @Nullable Home find(long key) {
    int first = firstPlace(key);
    for (int i = first; i < first + WAYS; i++) {
      Entry entry = entries.get(i);
      if (entry != null && entry.key == key) {
        return entry.home;
      }
    }
    return null;
  }

  private long key(String id) {
    return keys.key("", "", id);
  }

  private static int firstPlace(long key) {
    return (int) (key & (CAPACITY / WAYS - 1)) * WAYS;
  }
}
