package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.warmpath.testkit.SeededCases;
import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;

final class ReceivedBodyTest {

  @Test
  void take_ofAnyPieces_isAllOfThem() {
    SeededCases.run(
        200,
        random -> {
          ReceivedBody body = new ReceivedBody();
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
              body.add(Unpooled.wrappedBuffer(part));
            }
            assertThat(body.length()).isEqualTo(sent.size());
            assertThat(body.take()).isEqualTo(sent.toByteArray());
          }
        });
  }

  @Test
  void take_ofNothing_isEmpty() {
    ReceivedBody body = new ReceivedBody();
    body.begin(5);
    assertThat(body.take()).isEmpty();
    assertThat(body.length()).isZero();
  }
}
