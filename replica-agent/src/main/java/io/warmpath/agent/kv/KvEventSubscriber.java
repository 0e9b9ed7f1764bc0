package io.warmpath.agent.kv;

import com.google.errorprone.annotations.Var;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;
import org.zeromq.ZMQException;

/**
 * Receives an engine's cache events over ZeroMQ, in order and without a gap, on a thread of its
 * own.
 *
 * <p>What was missed (joined late, messages dropped) is asked for again where the engine replays;
 * where it does not, or not all of it, the listener is told that what it knows is not the cache any
 * more, and events go on from there.
 */
public final class KvEventSubscriber implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(KvEventSubscriber.class);

  private static final int HIGH_WATER_MARK = 100_000;
  private static final long MAX_MESSAGE_BYTES = 8L << 20;
  private static final int POLL_MILLIS = 100;

  /** Longest handshake: a port that accepts and says nothing must not keep a connection. */
  private static final int HANDSHAKE_MILLIS = 300;

  private static final int REPLAY_IDLE_MILLIS = 2_000;
  private static final int MAX_REPLAYED = 100_000;
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(3);
  private static final long END = -1;
  private static final int EVENT_FRAMES = 3;

  private final String endpoint;
  private final @Nullable String replayEndpoint;
  private final Listener listener;
  private final LongAdder malformed = new LongAdder();
  private final LongAdder gaps = new LongAdder();
  private final LongAdder batches = new LongAdder();
  private final LongAdder replayed = new LongAdder();
  private final LongAdder losses = new LongAdder();
  private final Thread thread;
  private volatile boolean closed;

  /*
   * Owned by the thread: the sequences of the last batch given out and of the last one published to
   * it, -1 before the first. They differ after a replay, which may run ahead of what is published;
   * a publisher that began anew shows in the published ones only.
   */
  private long lastSequence = -1;
  private long lastPublished = -1;

  /** Hears of an engine's cache, on the subscriber's thread. */
  public interface Listener {

    /** The events of one batch. */
    void onEvents(List<KvEvent> events);

    /** Events were lost for good, or the engine is another: what is known of its cache is void. */
    void onLost();
  }

  /**
   * A subscriber that does not receive yet.
   *
   * @param endpoint where the engine publishes, {@code tcp://host:port}
   * @param replayEndpoint where it replays, or null
   * @param name for the thread
   */
  public KvEventSubscriber(
      String endpoint, @Nullable String replayEndpoint, String name, Listener listener) {
    this.endpoint = endpoint;
    this.replayEndpoint = replayEndpoint;
    this.listener = listener;
    this.thread = Thread.ofPlatform().daemon().name("warmpath-kv " + name).unstarted(this::run);
  }

  /** Starts to receive; once. */
  public void start() {
    thread.start();
  }

  /** Messages that were not batches of events. */
  public long malformed() {
    return malformed.sum();
  }

  /** Times that messages were missing, or the publisher began anew. */
  public long gaps() {
    return gaps.sum();
  }

  /** Batches given out. */
  public long batches() {
    return batches.sum();
  }

  /** Of these, batches that the engine had to send again. */
  public long replayed() {
    return replayed.sum();
  }

  /** Times that what was known of the cache became void. */
  public long losses() {
    return losses.sum();
  }

  /** Stops, waiting for it 3 s at most. */
  @Override
  public void close() {
    closed = true;
    if (thread.getState() == Thread.State.NEW) {
      return; // Should it be started after all, it ends at once.
    }
    try {
      thread.join(CLOSE_LIMIT);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try (ZContext context = new ZContext()) {
      ZMQ.Socket events = context.createSocket(SocketType.SUB);
      events.setRcvHWM(HIGH_WATER_MARK);
      events.setMaxMsgSize(MAX_MESSAGE_BYTES);
      events.setReceiveTimeOut(POLL_MILLIS);
      events.setHandshakeIvl(HANDSHAKE_MILLIS);
      events.connect(endpoint);
      events.subscribe(ZMQ.SUBSCRIPTION_ALL);
      while (!closed) {
        byte[] first = events.recv();
        if (first != null) {
          receive(context, frames(events, first));
        }
      }
    } catch (ZMQException broken) {
      log.warn("cache events of {} ended: {}", endpoint, broken.getMessage());
      lost();
    }
  }

  private static byte[][] frames(ZMQ.Socket socket, byte[] first) {
    @Var byte[][] frames = {first};
    while (socket.hasReceiveMore()) {
      frames = Arrays.copyOf(frames, frames.length + 1);
      frames[frames.length - 1] = socket.recv();
    }
    return frames;
  }

  /** Topic, sequence, payload. */
  private void receive(ZContext context, byte[][] frames) {
    boolean complete = frames.length == EVENT_FRAMES && frames[1].length == Long.BYTES;
    long sequence = complete ? ByteBuffer.wrap(frames[1]).getLong() : -1;
    if (sequence < 0) {
      malformed.increment();
      return;
    }
    if (sequence <= lastPublished) {
      // The publisher began anew, and with it the engine.
      gaps.increment();
      lastSequence = -1;
      lost();
    }
    lastPublished = sequence;
    if (sequence > lastSequence + 1) {
      gaps.increment();
      if (!replay(context, sequence)) {
        lost();
      }
    }
    if (sequence > lastSequence) {
      give(sequence, frames[2]);
    }
  }

  private void give(long sequence, byte[] payload) {
    lastSequence = sequence;
    try {
      listener.onEvents(KvEventDecoder.decode(payload));
      batches.increment();
    } catch (MalformedEventException bad) {
      malformed.increment();
      log.debug("cache events of {}: {}", endpoint, bad.getMessage());
      lost();
    }
  }

  private void lost() {
    losses.increment();
    listener.onLost();
  }

  /**
   * Asks for what was missed before {@code sequence}; returns whether all of it came. The answers
   * are a delimiter, a topic in newer engines, the sequence and the payload; the last has sequence
   * -1.
   */
  private boolean replay(ZContext context, long sequence) {
    if (replayEndpoint == null) {
      return false;
    }
    try (ZMQ.Socket socket = context.createSocket(SocketType.DEALER)) {
      socket.setLinger(0);
      socket.setMaxMsgSize(MAX_MESSAGE_BYTES);
      socket.setReceiveTimeOut(REPLAY_IDLE_MILLIS);
      socket.setHandshakeIvl(HANDSHAKE_MILLIS);
      socket.connect(replayEndpoint);
      socket.sendMore(new byte[0]);
      socket.send(ByteBuffer.allocate(Long.BYTES).putLong(lastSequence + 1).array());
      for (int i = 0; i < MAX_REPLAYED && !closed; i++) {
        byte[] first = socket.recv();
        if (first == null) {
          return false;
        }
        byte[][] frames = frames(socket, first);
        byte[] number = frames.length < EVENT_FRAMES ? new byte[0] : frames[frames.length - 2];
        if (number.length != Long.BYTES) {
          malformed.increment();
          return false;
        }
        long told = ByteBuffer.wrap(number).getLong();
        if (told == END) {
          return lastSequence >= sequence - 1;
        }
        if (told == lastSequence + 1) {
          replayed.increment();
          give(told, frames[frames.length - 1]);
        } else if (told > lastSequence) {
          // The engine keeps the latest batches only.
          return false;
        }
      }
      return false;
    }
  }
}
