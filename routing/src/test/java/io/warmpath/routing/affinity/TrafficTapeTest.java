package io.warmpath.routing.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

final class TrafficTapeTest {

  private static final int WRITERS = 3;

  /** What a reader got, and checks that each record is whole. */
  private static final class Read implements TrafficTape.Reader {
    final BitSet keys = new BitSet();
    int count;
    int torn;

    @Override
    public void read(long key, long parent, double workSeconds) {
      count++;
      torn += parent == parent((int) key) && workSeconds == work((int) key) ? 0 : 1;
      keys.set((int) key);
    }
  }

  private static long parent(int key) {
    return 31L * key;
  }

  private static double work(int key) {
    return key / 8.0;
  }

  private static void record(TrafficTape tape, int key) {
    tape.record(key, parent(key), work(key));
  }

  @Test
  void records_areReadOnceAndInTheirOrder() {
    TrafficTape tape = new TrafficTape();
    List<Long> keys = new ArrayList<>();
    for (int key = 1; key <= 5; key++) {
      record(tape, key);
    }
    tape.drain((key, parent, work) -> keys.add(key));
    tape.drain((key, parent, work) -> keys.add(key));
    record(tape, 6);
    tape.drain((key, parent, work) -> keys.add(key));
    assertThat(keys).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    assertThat(tape.lostCount()).isZero();
  }

  @Test
  void records_beyondTheRing_loseTheOldestAndAreCounted() {
    TrafficTape tape = new TrafficTape();
    for (int key = 1; key <= TrafficTape.RECORDS + 10; key++) {
      record(tape, key);
    }
    Read read = new Read();
    tape.drain(read);
    assertThat(read.count).isEqualTo(TrafficTape.RECORDS);
    assertThat(read.keys.nextSetBit(0)).isEqualTo(11);
    assertThat(tape.lostCount()).isEqualTo(10);
    assertThat(read.torn).isZero();
  }

  @Test
  void writers_thatRaceWithTheReader_leaveWholeRecordsEachReadOnce() {
    SeededCases.run(
        20,
        random -> {
          TrafficTape tape = new TrafficTape();
          int each = random.nextInt(1, TrafficTape.RECORDS / WRITERS);
          Read read = new Read();
          int drains = race(tape, each, read);

          assertThat(read.torn).isZero();
          assertThat(read.count).as("none twice").isEqualTo(read.keys.cardinality());
          // A drain passes over no more records than there are writers in the midst of one.
          assertThat(WRITERS * each - read.count).isBetween(0, drains * WRITERS);
          assertThat(tape.lostCount()).isZero();
        });
  }

  @Test
  void writers_thatOvertakeTheReader_areCountedAndReadOn() {
    SeededCases.run(
        5,
        random -> {
          TrafficTape tape = new TrafficTape();
          int each = random.nextInt(TrafficTape.RECORDS, 4 * TrafficTape.RECORDS);
          Read read = new Read();
          race(tape, each, read);
          assertThat(read.count + tape.lostCount()).isLessThanOrEqualTo((long) WRITERS * each);

          Read after = new Read();
          for (int key = 1; key <= TrafficTape.RECORDS; key++) {
            record(tape, key);
          }
          tape.drain(after);
          assertThat(after.keys.cardinality()).isEqualTo(TrafficTape.RECORDS);
          assertThat(after.torn).isZero();
        });
  }

  /** Has each writer record so many uses while this thread drains; returns how often it did. */
  private static int race(TrafficTape tape, int each, Read read) {
    CountDownLatch start = new CountDownLatch(1);
    @Var int drains = 1;
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      List<CompletableFuture<Void>> writers = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        int first = 1 + writer * each;
        writers.add(
            CompletableFuture.runAsync(
                () -> {
                  await(start);
                  for (int key = first; key < first + each; key++) {
                    record(tape, key);
                  }
                },
                threads));
      }
      start.countDown();
      while (!writers.stream().allMatch(CompletableFuture::isDone)) {
        tape.drain(read);
        drains++;
      }
      writers.forEach(CompletableFuture::join);
    }
    tape.drain(read);
    return drains;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stop) {
      throw new IllegalStateException(stop);
    }
  }
}
