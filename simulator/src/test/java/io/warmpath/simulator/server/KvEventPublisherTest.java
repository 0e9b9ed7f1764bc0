package io.warmpath.simulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.server.KvEventSettings.EventForm;
import io.warmpath.simulator.server.KvEventSettings.ReplayForm;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessageUnpacker;
import org.msgpack.value.ImmutableValue;
import org.msgpack.value.Value;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

/** Reads the events of a running server with sockets of a client's kind. */
final class KvEventPublisherTest {

  private static final int TIMEOUT_MILLIS = (int) Duration.ofSeconds(10).toMillis();
  private static final int WARM_UP_MILLIS = 100;
  private static final int BLOCK_SIZE = 16;

  /**
   * About one connect of JeroMQ 0.6.0 in a hundred never gets its handshake; it is then retried.
   */
  private static final int HANDSHAKE_MILLIS = 300;

  /** Token ids from here on are not those of warm-up requests. */
  private static final int FRESH = 10_000_000;

  private final ZContext context = new ZContext();
  private SimulatedEngineServer server;
  private EngineClient client;
  private ZMQ.Socket subscriber;
  private long warmUps;

  @BeforeEach
  void start() throws IOException {
    server = server(KvEventSettings.local(), 1_000);
    client = new EngineClient(server.url());
    subscriber = subscribe();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
    context.close();
  }

  @Test
  void storedBlocks_inMapForm_haveTokensParentsAndUnsignedHashes() throws Exception {
    client.postJson("/v1/completions", completion(FRESH, 40, 10, ""));

    Batch prefill = receive();
    assertThat(prefill.sequence()).isEqualTo(warmUps);
    assertThat(prefill.rank()).isZero();
    Event event = Event.of(prefill.events().getFirst());
    assertThat(event.field("type")).hasToString("BlockStored");
    assertThat(ints(event.field("token_ids")))
        .isEqualTo(IntStream.range(FRESH, FRESH + 2 * BLOCK_SIZE).boxed().toList());
    assertThat(hashes(event.field("block_hashes"))).hasSize(2);
    assertThat(event.field("parent_block_hash").isNilValue()).isTrue();
    assertThat(event.field("block_size")).hasToString("16");
    assertThat(event.field("medium")).hasToString("GPU");
    assertThat(event.field("extra_keys").toJson()).isEqualTo("[null,null]");
    // Decoding fills the block of tokens 32..47 while it computes the 8th output token.
    Batch decode = receive();
    assertThat(decode.sequence()).isEqualTo(warmUps + 1);
    Event decoded = Event.of(decode.events().getFirst());
    assertThat(hashes(decoded.field("block_hashes"))).hasSize(1);
    assertThat(hash(decoded.field("parent_block_hash")))
        .isEqualTo(hashes(event.field("block_hashes")).get(1));
  }

  @Test
  void salt_isAnExtraKeyOfTheFirstBlockOnly() throws Exception {
    client.postJson("/v1/completions", completion(FRESH, 40, 1, ",'cache_salt':'s1'"));

    Event event = Event.of(receive().events().getFirst());
    assertThat(event.field("extra_keys").toJson()).isEqualTo("[[\"s1\"],null]");
  }

  @Test
  void smallCache_publishesWhatItStoresAndRemoves() throws Exception {
    reboot(KvEventSettings.local(), 64);
    for (int request = 0; request < 40; request++) {
      client.postJson("/v1/completions", completion(FRESH + request * 1_000, 170, 1, ""));
      receive();
    }

    Set<BigInteger> cached = new HashSet<>();
    @Var int removals = 0;
    List<List<byte[]>> replies = replay(0);
    for (List<byte[]> frames : replies.subList(0, replies.size() - 1)) {
      for (Value value : batch(0, frames.get(3)).events()) {
        Event event = Event.of(value);
        List<BigInteger> hashes = hashes(event.field("block_hashes"));
        if (event.field("type").toString().equals("BlockStored")) {
          hashes.forEach(hash -> assertThat(cached.add(hash)).isTrue());
        } else {
          hashes.forEach(hash -> assertThat(cached.remove(hash)).isTrue());
          removals += hashes.size();
        }
      }
    }

    assertThat(removals).isPositive().isEqualTo((int) server.snapshot().evictions());
    assertThat(cached).hasSize(server.snapshot().cachedBlocks());
    BigInteger signBit = BigInteger.ONE.shiftLeft(63);
    assertThat(cached).anyMatch(hash -> hash.compareTo(signBit) >= 0);
    assertThat(cached).allMatch(hash -> hash.signum() > 0);
  }

  @Test
  void arrayForm_hasTagFirst() throws Exception {
    reboot(KvEventSettings.local().withForms(EventForm.ARRAY, ReplayForm.WITHOUT_TOPIC), 1_000);

    client.postJson("/v1/completions", completion(FRESH, 20, 1, ""));

    List<Value> event = receive().events().getFirst().asArrayValue().list();
    assertThat(event.get(0)).hasToString("BlockStored");
    assertThat(hashes(event.get(1))).hasSize(1);
    assertThat(ints(event.get(3))).hasSize(BLOCK_SIZE);
    assertThat(event.get(6)).hasToString("GPU");
  }

  @Test
  void replay_newForm_givesAllFromTheStartAndAnEnd() throws Exception {
    for (int request = 0; request < 3; request++) {
      client.postJson("/v1/completions", completion(FRESH + request * 1_000, 20, 1, ""));
      receive();
    }

    List<List<byte[]>> replies = replay(warmUps + 1);

    assertThat(replies).hasSize(3);
    assertThat(replies).allMatch(frames -> frames.size() == 4 && frames.getFirst().length == 0);
    assertThat(sequence(replies.get(0).get(2))).isEqualTo(warmUps + 1);
    assertThat(sequence(replies.get(1).get(2))).isEqualTo(warmUps + 2);
    assertThat(sequence(replies.get(2).get(2))).isEqualTo(-1);
    assertThat(replies.get(2).get(3)).isEmpty();
  }

  @Test
  void replay_oldForm_hasNoTopicFrame() throws Exception {
    reboot(KvEventSettings.local().withForms(EventForm.MAP, ReplayForm.WITHOUT_TOPIC), 1_000);

    List<List<byte[]>> replies = replay(0);

    assertThat(replies).hasSize((int) warmUps + 1).allMatch(frames -> frames.size() == 3);
    assertThat(sequence(replies.getFirst().get(1))).isZero();
    assertThat(sequence(replies.getLast().get(1))).isEqualTo(-1);
  }

  @Test
  void restartedEngine_beginsAtSequenceZeroOnTheSameAddress() throws Exception {
    String endpoint = server.eventEndpoint();

    server.restart();

    assertThat(server.eventEndpoint()).isEqualTo(endpoint);
    assertThat(sequence(replay(0).getFirst().get(2))).isEqualTo(-1);
    subscriber = subscribe();
    assertThat(sequence(replay(0).getFirst().get(2))).isZero();
    assertThat(client.get("/kv_event_sources").body()).contains(endpoint);
  }

  private void reboot(KvEventSettings events, int blocks) throws IOException {
    client.close();
    server.close();
    server = server(events, blocks);
    client = new EngineClient(server.url());
    subscriber = subscribe();
  }

  private static SimulatedEngineServer server(KvEventSettings events, int blocks)
      throws IOException {
    EngineProfile profile =
        EngineProfile.named("8b-h100").withCache(blocks, BLOCK_SIZE).atSpeed(50);
    return SimulatedEngineServer.start(
        EngineServerSettings.of("tiny", profile).withKvEvents(events));
  }

  /** Subscribes, and has the engine publish until something arrives. */
  private ZMQ.Socket subscribe() {
    ZMQ.Socket socket = context.createSocket(SocketType.SUB);
    socket.setHandshakeIvl(HANDSHAKE_MILLIS);
    socket.subscribe("");
    socket.connect(Objects.requireNonNull(server.eventEndpoint()));
    socket.setReceiveTimeOut(WARM_UP_MILLIS);
    @Var long published = 0;
    @Var long received = -1;
    while (received < published - 1 || published == 0) {
      client.postJson("/v1/completions", completion((int) published * 1_000, 20, 1, ""));
      published++;
      while (received < published - 1 && socket.recv() != null) {
        received = sequence(socket.recv());
        socket.recv();
      }
    }
    socket.setReceiveTimeOut(TIMEOUT_MILLIS);
    warmUps = published;
    return socket;
  }

  private List<List<byte[]>> replay(long from) {
    ZMQ.Socket dealer = context.createSocket(SocketType.DEALER);
    dealer.setHandshakeIvl(HANDSHAKE_MILLIS);
    dealer.setReceiveTimeOut(TIMEOUT_MILLIS);
    dealer.connect(Objects.requireNonNull(server.replayEndpoint()));
    dealer.send(new byte[0], ZMQ.SNDMORE);
    dealer.send(ByteBuffer.allocate(Long.BYTES).putLong(from).array());
    List<List<byte[]>> replies = new ArrayList<>();
    @Var boolean ended = false;
    while (!ended) {
      List<byte[]> frames = new ArrayList<>();
      frames.add(Objects.requireNonNull(dealer.recv(), "no reply"));
      while (dealer.hasReceiveMore()) {
        frames.add(dealer.recv());
      }
      replies.add(frames);
      ended = sequence(frames.get(frames.size() - 2)) == -1;
    }
    return replies;
  }

  private Batch receive() throws IOException {
    byte[] topic = Objects.requireNonNull(subscriber.recv(), "no batch");
    assertThat(topic).isEmpty();
    long sequence = sequence(subscriber.recv());
    return batch(sequence, subscriber.recv());
  }

  private static Batch batch(long sequence, byte[] payload) throws IOException {
    try (MessageUnpacker unpacker = MessagePack.newDefaultUnpacker(payload)) {
      ImmutableValue value = unpacker.unpackValue();
      List<Value> batch = value.asArrayValue().list();
      assertThat(batch.get(0).asFloatValue().toDouble()).isGreaterThan(1e9);
      return new Batch(
          sequence, batch.get(1).asArrayValue().list(), batch.get(2).asIntegerValue().asInt());
    }
  }

  /** One published batch. */
  private record Batch(long sequence, List<Value> events, int rank) {}

  private static long sequence(byte[] frame) {
    return ByteBuffer.wrap(frame).getLong();
  }

  /** One event in map form. */
  private record Event(Map<String, Value> fields) {

    static Event of(Value value) {
      return new Event(
          value.asMapValue().map().entrySet().stream()
              .collect(Collectors.toMap(entry -> entry.getKey().toString(), Map.Entry::getValue)));
    }

    Value field(String name) {
      return Objects.requireNonNull(fields.get(name), name);
    }
  }

  private static List<Integer> ints(Value value) {
    return value.asArrayValue().list().stream().map(v -> v.asIntegerValue().asInt()).toList();
  }

  private static List<BigInteger> hashes(Value value) {
    return value.asArrayValue().list().stream().map(KvEventPublisherTest::hash).toList();
  }

  private static BigInteger hash(Value value) {
    return value.asIntegerValue().asBigInteger();
  }

  private static String completion(int firstId, int count, int maxTokens, String more) {
    String ids =
        IntStream.range(firstId, firstId + count)
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(",", "[", "]"));
    return "{'prompt':" + ids + ",'max_tokens':" + maxTokens + more + "}";
  }
}
