package io.warmpath.membership;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Registers what this package counts; a registry reads it when it is scraped. */
public final class MembershipMetrics {

  private static final String PREFIX = "warmpath.membership.";

  private final MeterRegistry registry;

  /** Registers with {@code registry}. */
  public MembershipMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Registers a connection's counters. */
  public void watch(MembershipClient client) {
    counter("disconnects", client, MembershipClient::disconnects, "The connection was cut");
    counter("sessions.lost", client, MembershipClient::sessionsLost, "The session ended");
  }

  /** Registers a directory's counters. */
  public void watch(Directory directory) {
    counter("views", directory, Directory::views, "Views of the fleet handed on");
    counter("listener.failures", directory, Directory::listenerFailures, "Views not taken");
    counter("reads", directory, Directory::reads, "Znodes read");
    counter("read.bytes", directory, Directory::readBytes, "Bytes of znodes read");
    counter("full.reads", directory, Directory::fullReads, "Times that everything was read");
    counter("read.failures", directory, Directory::failures, "Readings that failed");
    counter("outdated", directory, Directory::outdated, "Records older than a known one");
    counter("overflowed", directory, Directory::overflowed, "Records beyond the most members");
    for (Decoded.Refusal reason : Decoded.Refusal.values()) {
      counter(
          "refused",
          directory,
          each -> each.refused(reason),
          "Records that were not understood",
          Tags.of("reason", reason.name().toLowerCase(Locale.ROOT)));
    }
  }

  /** Registers an announcer's counters under the id of what it announces. */
  public void watch(Announcer<?> announcer, String id) {
    Tags tags = Tags.of("member", id);
    counter("written", announcer, Announcer::written, "Records written", tags);
    counter("coalesced", announcer, Announcer::coalesced, "Records replaced unwritten", tags);
    counter("write.failures", announcer, Announcer::failed, "Writes that failed", tags);
    counter("fenced", announcer, Announcer::fenced, "Writes given up to a newer process", tags);
  }

  private <T> void counter(String name, T counted, ToDoubleFunction<T> value, String description) {
    counter(name, counted, value, description, Tags.empty());
  }

  private <T> void counter(
      String name, T counted, ToDoubleFunction<T> value, String description, Tags tags) {
    FunctionCounter.builder(PREFIX + name, counted, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }
}
