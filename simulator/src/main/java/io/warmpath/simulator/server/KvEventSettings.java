package io.warmpath.simulator.server;

import org.jspecify.annotations.Nullable;

/**
 * Where and how cache events are published over ZeroMQ, as {@code --kv-events-config} says it.
 *
 * @param endpoint address of the PUB socket; bound if it has {@code *}, else also bound unless it
 *     names a remote host; {@code tcp://127.0.0.1:*} takes any free port
 * @param replayEndpoint address of the ROUTER socket that replays, or null for none
 * @param topic first frame of each message
 * @param eventForm how events are encoded
 * @param replayForm how replayed batches are framed
 * @param bufferedBatches batches kept for replay, at least 1
 * @param queuedBatches batches waiting to be published, at least 1; more are dropped and counted
 */
public record KvEventSettings(
    String endpoint,
    @Nullable String replayEndpoint,
    String topic,
    EventForm eventForm,
    ReplayForm replayForm,
    int bufferedBatches,
    int queuedBatches) {

  private static final int DEFAULT_BUFFERED = 10_000;
  private static final int DEFAULT_QUEUED = 100_000;

  /** Encoding of one event. */
  public enum EventForm {
    /** A map with a {@code type}: vLLM 0.24 and later. */
    MAP,
    /** An array with the tag first: before. */
    ARRAY,
  }

  /** Framing of one replayed batch. */
  public enum ReplayForm {
    /** Delimiter, topic, sequence, payload: vLLM 0.26 and later. */
    WITH_TOPIC,
    /** Delimiter, sequence, payload: before. */
    WITHOUT_TOPIC,
  }

  public KvEventSettings {
    if (bufferedBatches < 1 || queuedBatches < 1) {
      throw new IllegalArgumentException(
          "bufferedBatches " + bufferedBatches + ", queuedBatches " + queuedBatches);
    }
  }

  /** Any free port of the loopback address for both sockets, newest forms. */
  public static KvEventSettings local() {
    return new KvEventSettings(
        "tcp://127.0.0.1:*",
        "tcp://127.0.0.1:*",
        "",
        EventForm.MAP,
        ReplayForm.WITH_TOPIC,
        DEFAULT_BUFFERED,
        DEFAULT_QUEUED);
  }

  /** Returns these settings in other forms. */
  public KvEventSettings withForms(EventForm newEventForm, ReplayForm newReplayForm) {
    return new KvEventSettings(
        endpoint,
        replayEndpoint,
        topic,
        newEventForm,
        newReplayForm,
        bufferedBatches,
        queuedBatches);
  }
}
