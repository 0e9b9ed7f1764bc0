package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.warmpath.testkit.SeededCases;
import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;

final class ReceivedBodyTest {

  private static final int MAX_BYTES = 1_000_000;

  @Test
  void take_ofAnyPieces_isAllOfThem() {
    SeededCases.run(
        200,
        random -> {
          BodyMemory memory = new BodyMemory(4 * MAX_BYTES);
          ReceivedBody body = new ReceivedBody(memory, MAX_BYTES);
          for (int request = 0; request < 2; request++) {
            ByteArrayOutputStream sent = new ByteArrayOutputStream();
            int pieces = random.nextInt(6);
            byte[][] parts = new byte[pieces][];
            for (int i = 0; i < pieces; i++) {
              parts[i] = new byte[random.nextInt(100_000)];
              random.nextBytes(parts[i]);
              sent.writeBytes(parts[i]);
            }
            // What the head declares may be missing, or wrong.
            body.begin(random.nextBoolean() ? sent.size() : random.nextInt(1_000_000));
            for (byte[] part : parts) {
              assertThat(body.add(Unpooled.wrappedBuffer(part))).isTrue();
            }
            assertThat(body.length()).isEqualTo(sent.size());
            byte[] whole = body.take();
            assertThat(whole).isEqualTo(sent.toByteArray());
            assertThat(memory.heldBytes()).isEqualTo(whole.length);
            memory.release(whole.length);
          }
        });
  }

  @Test
  void take_ofNothing_isEmpty() {
    ReceivedBody body = new ReceivedBody(new BodyMemory(1), MAX_BYTES);
    body.begin(5);
    assertThat(body.take()).isEmpty();
    assertThat(body.length()).isZero();
  }

  @Test
  void add_beyondTheMemoryOfAll_takesNothing_andDropGivesBack() {
    BodyMemory memory = new BodyMemory(150_000);
    ReceivedBody one = new ReceivedBody(memory, MAX_BYTES);
    ReceivedBody other = new ReceivedBody(memory, MAX_BYTES);
    one.begin(100_000);
    other.begin(100_000);
    assertThat(one.add(part(100_000))).isTrue();
    assertThat(other.add(part(100_000))).isFalse();
    assertThat(memory.heldBytes()).isEqualTo(100_000);
    one.drop();
    assertThat(memory.heldBytes()).isZero();
    assertThat(other.add(part(100_000))).isTrue();
  }

  @Test
  void growth_ofABodyThatDeclaresNothing_staysWithinItsOwnLimit() {
    BodyMemory memory = new BodyMemory(Long.MAX_VALUE);
    ReceivedBody body = new ReceivedBody(memory, MAX_BYTES);
    body.begin(0);
    while (body.fits(part(1_000))) {
      assertThat(body.add(part(1_000))).isTrue();
      assertThat(memory.heldBytes()).isBetween((long) body.length(), (long) MAX_BYTES);
    }
    assertThat(body.length()).isEqualTo(MAX_BYTES);
  }

  private static ByteBuf part(int bytes) {
    return Unpooled.wrappedBuffer(new byte[bytes]);
  }
}
