package io.warmpath.agent.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;

final class KvEventDecoderTest {

  private static final BigInteger ABOVE_LONG = new BigInteger("18446744073709551613");

  @Test
  void decode_maps_asNewEnginesSendThem() throws Exception {
    List<KvEvent> events = KvEventDecoder.decode(mapBatch());
    assertThat(events).hasSize(3);
    KvEvent.Stored stored = (KvEvent.Stored) events.get(0);
    assertThat(stored.hashes()).containsExactly(-3, 7);
    assertThat(stored.hasParent()).isFalse();
    assertThat(stored.tokens()).containsExactly(1, 2, 3, 4);
    assertThat(stored.blockSize()).isEqualTo(2);
    assertThat(stored.medium()).isEqualTo("GPU");
    assertThat(stored.loraName()).isEmpty();
    assertThat(stored.cacheSalt()).isEqualTo("s1");
    assertThat(stored.group()).isEqualTo(-1);
    KvEvent.Removed removed = (KvEvent.Removed) events.get(1);
    assertThat(removed.hashes()).containsExactly(7);
    assertThat(removed.medium()).isEqualTo("CPU");
    assertThat(events.get(2)).isInstanceOf(KvEvent.Cleared.class);
  }

  @Test
  void decode_arrays_shortAndWithByteHashes_asOldEnginesSendThem() throws Exception {
    MessageBufferPacker out = MessagePack.newDefaultBufferPacker();
    out.packArrayHeader(2).packDouble(1).packArrayHeader(3);
    out.packArrayHeader(5).packString("BlockStored").packArrayHeader(1);
    byte[] hash = new byte[32];
    hash[31] = 9;
    hash[24] = (byte) 0x80;
    out.packBinaryHeader(32).writePayload(hash);
    out.packLong(5).packArrayHeader(1).packInt(42).packInt(1);
    out.packArrayHeader(2).packString("BlockRemoved").packArrayHeader(1).packLong(-1);
    out.packArrayHeader(2).packString("SomethingNew").packInt(1);
    List<KvEvent> events = KvEventDecoder.decode(out.toByteArray());
    assertThat(events).hasSize(2);
    KvEvent.Stored stored = (KvEvent.Stored) events.get(0);
    assertThat(stored.hashes()).containsExactly(0x8000000000000009L);
    assertThat(stored.hasParent()).isTrue();
    assertThat(stored.parent()).isEqualTo(5);
    assertThat(stored.medium()).isEmpty();
    assertThat(((KvEvent.Removed) events.get(1)).hashes()).containsExactly(-1);
  }

  @Test
  void decode_wrongNumberOfTokens_isRefused() throws Exception {
    MessageBufferPacker out = MessagePack.newDefaultBufferPacker();
    out.packArrayHeader(2).packDouble(1).packArrayHeader(1);
    out.packArrayHeader(5).packString("BlockStored").packArrayHeader(1).packLong(1);
    out.packNil().packArrayHeader(1).packInt(42).packInt(16);
    byte[] batch = out.toByteArray();
    assertThatThrownBy(() -> KvEventDecoder.decode(batch))
        .isInstanceOf(MalformedEventException.class)
        .hasMessage("1 blocks of 16 tokens do not have 1 tokens");
  }

  @Test
  void decode_damagedBatches_areReadOrRefused() throws Exception {
    byte[] good = mapBatch();
    int[] refused = new int[1];
    SeededCases.run(
        10_000,
        random -> {
          @Var byte[] bytes = good.clone();
          if (random.nextBoolean()) {
            bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
          }
          for (int i = random.nextInt(6); i > 0 && bytes.length > 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
          }
          try {
            assertThat(KvEventDecoder.decode(bytes).size()).isLessThanOrEqualTo(3);
          } catch (MalformedEventException malformed) {
            refused[0]++;
          }
        });
    assertThat(refused[0]).isBetween(1_000, 9_999);
  }

  /** A good batch. */
  static byte[] mapBatch() throws IOException {
    MessageBufferPacker out = MessagePack.newDefaultBufferPacker();
    out.packArrayHeader(3).packDouble(1.5).packArrayHeader(3);
    out.packMapHeader(9).packString("type").packString("BlockStored");
    out.packString("block_hashes").packArrayHeader(2).packBigInteger(ABOVE_LONG).packLong(7);
    out.packString("parent_block_hash").packNil();
    out.packString("token_ids").packArrayHeader(4).packInt(1).packInt(2).packInt(3).packInt(4);
    out.packString("block_size").packInt(2);
    out.packString("lora_id").packNil();
    out.packString("medium").packString("GPU");
    out.packString("lora_name").packNil();
    out.packString("extra_keys").packArrayHeader(2).packArrayHeader(1).packString("s1").packNil();
    out.packMapHeader(3).packString("type").packString("BlockRemoved");
    out.packString("block_hashes").packArrayHeader(1).packLong(7);
    out.packString("medium").packString("CPU");
    out.packMapHeader(1).packString("type").packString("AllBlocksCleared");
    out.packInt(0);
    return out.toByteArray();
  }
}
