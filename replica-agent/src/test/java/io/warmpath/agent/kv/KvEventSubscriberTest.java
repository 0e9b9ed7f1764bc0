package io.warmpath.agent.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.warmpath.testkit.Await;
import io.warmpath.testkit.SeededCases;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

final class KvEventSubscriberTest {

  private static final int CASES = 10_000;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static final KvEventSubscriber.Listener IGNORING =
      new KvEventSubscriber.Listener() {
        @Override
        public void onEvents(List<KvEvent> events) {}

        @Override
        public void onLost() {}
      };

  /** The engine of an agent that is stopped may never have come up. */
  @Test
  void close_beforeStart_returns() {
    KvEventSubscriber subscriber =
        new KvEventSubscriber("tcp://127.0.0.1:1", null, "replica-0", IGNORING);
    assertThatCode(subscriber::close).doesNotThrowAnyException();
  }

  @Test
  void messages_damaged_areEachReadOrCounted() throws Exception {
    try (ZContext context = new ZContext()) {
      ZMQ.Socket publisher = context.createSocket(SocketType.PUB);
      publisher.setSndHWM(0);
      int port = publisher.bindToRandomPort("tcp://127.0.0.1");
      try (KvEventSubscriber subscriber =
          new KvEventSubscriber("tcp://127.0.0.1:" + port, null, "replica-0", IGNORING)) {
        subscriber.start();
        byte[] good = KvEventDecoderTest.mapBatch();
        Await.until(
            "the subscriber hears",
            LIMIT,
            () -> {
              send(publisher, number(0), good);
              return subscriber.batches() > 0;
            });
        // Messages come in order: when this one is counted, all before it were.
        send(publisher, new byte[0], good);
        Await.until("all of it is read", LIMIT, () -> subscriber.malformed() == 1);
        long before = subscriber.batches() + subscriber.malformed();
        SeededCases.run(CASES, random -> send(publisher, sequence(random), payload(good, random)));
        Await.until(
            "each is counted",
            LIMIT,
            () -> subscriber.batches() + subscriber.malformed() - before == CASES);
        assertThat(subscriber.malformed()).isBetween(CASES / 10L, CASES - 1L);
      }
    }
  }

  private static byte[] sequence(SplittableRandom random) {
    byte[] bytes = number(random.nextInt(CASES));
    return switch (random.nextInt(10)) {
      case 0 -> Arrays.copyOf(bytes, random.nextInt(20));
      case 1 -> number(random.nextLong());
      default -> bytes;
    };
  }

  private static byte[] payload(byte[] good, SplittableRandom random) {
    byte[] bytes = good.clone();
    for (int i = random.nextInt(4); i > 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }

  private static byte[] number(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }

  private static void send(ZMQ.Socket publisher, byte[] sequence, byte[] payload) {
    publisher.sendMore("");
    publisher.sendMore(sequence);
    publisher.send(payload);
  }
}
