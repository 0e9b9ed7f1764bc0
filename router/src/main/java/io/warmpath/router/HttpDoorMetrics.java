package io.warmpath.router;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** What the HTTP door counts, {@code warmpath.http.*}. Thread-safe. */
final class HttpDoorMetrics {

  private final MeterRegistry registry;
  private final Map<Rejection, Counter> rejections = new EnumMap<>(Rejection.class);

  /** Why a request or a connection was turned away before any replica was asked. */
  enum Rejection {
    MALFORMED,
    HEAD_TOO_LARGE,
    BODY_TOO_LARGE,
    BODIES_FULL,
    TOO_SLOW,
    OUT_OF_TURN,
    NO_SUCH_PATH,
    TOO_MANY_CONNECTIONS,
    NO_TLS,
  }

  HttpDoorMetrics(MeterRegistry registry) {
    this.registry = registry;
    for (Rejection rejection : Rejection.values()) {
      rejections.put(
          rejection,
          registry.counter(
              "warmpath.http.rejected", "reason", rejection.name().toLowerCase(Locale.ROOT)));
    }
  }

  /** Shows how many connections are open. */
  void watch(Collection<?> connections) {
    registry.gauge("warmpath.http.connections", connections, Collection::size);
  }

  void rejected(Rejection why) {
    Counter counter = rejections.get(why);
    if (counter != null) {
      counter.increment();
    }
  }
}
