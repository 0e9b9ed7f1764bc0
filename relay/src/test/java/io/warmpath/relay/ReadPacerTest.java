package io.warmpath.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ReadPacerTest {

  private static final int TOKEN_BYTES = 300;

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final ReadPacer pacer = new ReadPacer(channel);

  @BeforeEach
  void start() {
    channel.freezeTime();
    channel.advanceTimeBy(1, TimeUnit.SECONDS);
    channel.pipeline().addLast(pacer);
    pacer.begin();
  }

  private boolean isRead() {
    return channel.config().isAutoRead();
  }

  private void read(int bytes) {
    channel.writeInbound(Unpooled.wrappedBuffer(new byte[bytes]));
  }

  private void after(long micros) {
    channel.advanceTimeBy(micros, TimeUnit.MICROSECONDS);
    channel.runScheduledPendingTasks();
  }

  /** A first piece and four right behind it. */
  private void burst() {
    for (int i = 0; i < 5; i++) {
      assertThat(isRead()).as("before piece " + i).isTrue();
      read(TOKEN_BYTES);
      after(50);
    }
  }

  @Test
  void piecesAtThePaceOfDecoding_areReadAtOnce() {
    for (int i = 0; i < 20; i++) {
      read(TOKEN_BYTES);
      assertThat(isRead()).isTrue();
      after(2_000);
    }
  }

  @Test
  void burst_isReadOnceAMillisecondAfterItsFirstPieces() {
    burst();
    assertThat(isRead()).isFalse();
    after(900);
    assertThat(isRead()).isFalse();
    after(60);
    assertThat(isRead()).isTrue();

    read(TOKEN_BYTES);
    assertThat(isRead()).as("the burst goes on").isFalse();
    after(1_000);
    after(2_000);
    read(TOKEN_BYTES);
    assertThat(isRead()).as("after a gap").isTrue();
  }

  @Test
  void largeReads_areNotHeldUp() {
    for (int i = 0; i < 20; i++) {
      read(64 << 10);
      assertThat(isRead()).isTrue();
      after(50);
    }
  }

  @Test
  void aNewExchange_isReadAtOnce() {
    burst();
    assertThat(isRead()).isFalse();
    pacer.begin();
    assertThat(isRead()).isTrue();
    read(TOKEN_BYTES);
    assertThat(isRead()).isTrue();
  }

  @Test
  void backPressure_outlastsAPause() {
    burst();
    pacer.reading(false);
    after(2_000);
    assertThat(isRead()).isFalse();
    pacer.reading(true);
    assertThat(isRead()).isTrue();
  }
}
