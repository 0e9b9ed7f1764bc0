package io.warmpath.simulator.server;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.EngineListener;
import io.warmpath.simulator.engine.EngineRequest;
import io.warmpath.simulator.engine.TokenBlockKeys;
import io.warmpath.simulator.server.KvEventSettings.ReplayForm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;
import org.zeromq.ZMQException;

/**
 * Publishes cache events over ZeroMQ and replays the latest ones, as vLLM's publisher does: three
 * frames a batch (topic, sequence from 0, payload), a ROUTER socket that answers a start sequence
 * with all batches from there on.
 *
 * <p>The engine's event loop collects and encodes; one thread of its own owns the sockets.
 */
final class KvEventPublisher implements EngineListener, AutoCloseable {

  static final int HIGH_WATER_MARK = 100_000;
  private static final long IDLE_POLL_MILLIS = 100;
  private static final long CLOSE_MILLIS = 2_000;
  private static final double MILLIS_PER_SECOND = 1e3;
  private static final byte[] NOTHING = new byte[0];
  private static final long END_SEQUENCE = -1;

  private final KvEventSettings settings;
  private final KvEventEncoder encoder;
  private final LinkedBlockingQueue<byte[]> queue;
  private final AtomicLong dropped = new AtomicLong();
  private final ZContext context = new ZContext();
  private final ZMQ.Socket publisher;
  private final ZMQ.@Nullable Socket router;
  private final String endpoint;
  private final @Nullable String replayEndpoint;
  private final Thread thread;

  private volatile boolean closed;

  // Owned by the thread.
  private final ArrayDeque<byte[]> buffer = new ArrayDeque<>();
  private long nextSequence;

  private KvEventPublisher(KvEventSettings settings, int blockSizeTokens, Endpoints endpoints) {
    this.settings = settings;
    encoder = new KvEventEncoder(settings.eventForm(), blockSizeTokens);
    queue = new LinkedBlockingQueue<>(settings.queuedBatches());
    publisher = context.createSocket(SocketType.PUB);
    publisher.setSndHWM(HIGH_WATER_MARK);
    publisher.setLinger(0);
    if (endpoints.connects()) {
      publisher.connect(endpoints.events());
      endpoint = endpoints.events();
    } else {
      publisher.bind(endpoints.events());
      endpoint = publisher.getLastEndpoint();
    }
    if (endpoints.replay() == null) {
      router = null;
      replayEndpoint = null;
    } else {
      router = context.createSocket(SocketType.ROUTER);
      router.setLinger(0);
      router.bind(endpoints.replay());
      replayEndpoint = router.getLastEndpoint();
    }
    thread = Thread.ofPlatform().daemon().name("kv-events").unstarted(this::run);
  }

  /**
   * Where the sockets are.
   *
   * @param events address of the PUB socket
   * @param replay address of the ROUTER socket, or null for none
   * @param connects whether the PUB socket connects to a subscriber that bound
   */
  record Endpoints(String events, @Nullable String replay, boolean connects) {

    /** What the settings say: without a wildcard the PUB socket connects. */
    static Endpoints of(KvEventSettings settings) {
      String events = settings.endpoint();
      boolean binds = events.contains("*") || events.contains("::") || !events.startsWith("tcp:");
      return new Endpoints(events, settings.replayEndpoint(), !binds);
    }
  }

  /**
   * Opens the sockets and starts to publish.
   *
   * @throws IOException if an address is taken or not valid
   */
  static KvEventPublisher start(KvEventSettings settings, int blockSizeTokens, Endpoints endpoints)
      throws IOException {
    try {
      KvEventPublisher publisher = new KvEventPublisher(settings, blockSizeTokens, endpoints);
      publisher.thread.start();
      return publisher;
    } catch (ZMQException | IllegalArgumentException e) {
      throw new IOException(
          "cannot publish cache events on " + endpoints.events() + ": " + e.getMessage(), e);
    }
  }

  KvEventSettings settings() {
    return settings;
  }

  /** The addresses in use, free ports resolved; they can be bound again after {@link #close}. */
  Endpoints endpoints() {
    return new Endpoints(endpoint, replayEndpoint, Endpoints.of(settings).connects());
  }

  /** Batches dropped because the thread could not follow. */
  long dropped() {
    return dropped.get();
  }

  @Override
  public void blocksStored(EngineRequest request, int firstBlock, int count) {
    if (request.listener() instanceof Choice choice
        && request.keys() instanceof TokenBlockKeys content) {
      encoder.stored(content, choice.blockOwner(), firstBlock, count);
    }
  }

  @Override
  public void blockRemoved(long key) {
    encoder.removed(key);
  }

  @Override
  public void cacheCleared() {
    encoder.cleared();
    publish();
  }

  @Override
  public void stepCompleted(long atNanos, int prefillTokens, int decodedSequences) {
    publish();
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void publish() {
    if (!encoder.isEmpty()
        && !queue.offer(encoder.takeBatch(System.currentTimeMillis() / MILLIS_PER_SECOND))) {
      dropped.incrementAndGet();
    }
  }

  private void run() {
    try (context) {
      while (!closed) {
        byte[] batch = queue.poll(IDLE_POLL_MILLIS, TimeUnit.MILLISECONDS);
        if (batch != null) {
          send(batch);
        }
        if (router != null) {
          answerReplays(router);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void send(byte[] batch) {
    publisher.send(settings.topic(), ZMQ.SNDMORE);
    publisher.send(sequenceFrame(nextSequence++), ZMQ.SNDMORE);
    publisher.send(batch);
    buffer.add(batch);
    if (buffer.size() > settings.bufferedBatches()) {
      buffer.remove();
    }
  }

  /** Answers all replay requests that have come. */
  private void answerReplays(ZMQ.Socket socket) {
    @Var byte[] client = socket.recv(ZMQ.DONTWAIT);
    while (client != null) {
      @Var byte[] last = NOTHING;
      @Var int frames = 0;
      while (socket.hasReceiveMore()) {
        last = socket.recv();
        frames++;
      }
      // A delimiter and eight bytes; anything else is not a request and gets no answer.
      if (frames == 2 && last.length == Long.BYTES) {
        replay(socket, client, ByteBuffer.wrap(last).getLong());
      }
      client = socket.recv(ZMQ.DONTWAIT);
    }
  }

  private void replay(ZMQ.Socket socket, byte[] client, long from) {
    @Var long sequence = nextSequence - buffer.size();
    for (byte[] batch : buffer) {
      if (sequence >= from) {
        reply(socket, client, settings.topic(), sequence, batch);
      }
      sequence++;
    }
    reply(socket, client, "", END_SEQUENCE, NOTHING);
  }

  private void reply(
      ZMQ.Socket socket, byte[] client, String topic, long sequence, byte[] payload) {
    socket.send(client, ZMQ.SNDMORE);
    socket.send(NOTHING, ZMQ.SNDMORE);
    if (settings.replayForm() == ReplayForm.WITH_TOPIC) {
      socket.send(topic.getBytes(StandardCharsets.UTF_8), ZMQ.SNDMORE);
    }
    socket.send(sequenceFrame(sequence), ZMQ.SNDMORE);
    socket.send(payload);
  }

  private static byte[] sequenceFrame(long sequence) {
    return ByteBuffer.allocate(Long.BYTES).putLong(sequence).array();
  }
}
