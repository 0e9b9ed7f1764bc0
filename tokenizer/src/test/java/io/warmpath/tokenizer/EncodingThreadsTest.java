package io.warmpath.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class EncodingThreadsTest {

  @Test
  void submit_beyondTheLimit_isRefused_andTakenAgainOnceThereIsRoom() throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(3);
    try (EncodingThreads threads = new EncodingThreads(1, 2)) {
      assertThat(
              threads.submit(() -> {
                started.countDown();
                await(goOn);
                done.countDown();
              }))
          .isTrue();
      await(started);
      assertThat(threads.submit(done::countDown)).isTrue();
      assertThat(threads.submit(done::countDown)).isTrue();
      assertThat(threads.waiting()).isEqualTo(2);
      assertThat(threads.submit(done::countDown)).isFalse();
      goOn.countDown();
      await(done);
      assertThat(threads.waiting()).isZero();
      CountDownLatch again = new CountDownLatch(1);
      assertThat(threads.submit(again::countDown)).isTrue();
      await(again);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }
}
