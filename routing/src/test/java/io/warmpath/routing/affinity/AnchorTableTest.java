package io.warmpath.routing.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class AnchorTableTest {

  private static Set<Long> holders(AnchorTable table, long hash) {
    long[] out = new long[AnchorTable.HOLDERS];
    Set<Long> holders = new HashSet<>();
    if (table.holders(hash, out)) {
      for (long holder : out) {
        if (holder != 0) {
          holders.add(holder);
        }
      }
    }
    return holders;
  }

  @Test
  void forget_removesOneHolderOnly() {
    AnchorTable table = new AnchorTable(1 << 10);
    table.touch(77, 1, 10);
    table.touch(77, 2, 11);
    table.forget(77, 1);
    table.forget(78, 2);
    assertThat(holders(table, 77)).containsExactly(11L << 16 | 2);
    table.touch(77, 1, 12);
    assertThat(holders(table, 77)).hasSize(2);
  }

  @Test
  void holders_fewKeys_areTheFourLatestOfEach() {
    SeededCases.run(
        100,
        random -> {
          AnchorTable table = new AnchorTable(1 << 16);
          Map<Long, Map<Integer, Long>> model = new HashMap<>();
          for (int i = 1; i <= 300; i++) {
            long hash = random.nextInt(20) * 0x9E3779B97F4A7C15L;
            int slot = random.nextInt(7);
            table.touch(hash, slot, i);
            Map<Integer, Long> byslot = model.computeIfAbsent(hash, key -> new TreeMap<>());
            byslot.put(slot, (long) i);
            if (byslot.size() > AnchorTable.HOLDERS) {
              byslot.values().remove(byslot.values().stream().min(Long::compare).orElseThrow());
            }
          }
          table.grow();
          model.forEach((hash, bySlot) -> {
            Set<Long> expected = new HashSet<>();
            bySlot.forEach((slot, millis) -> expected.add(millis << 16 | slot));
            assertThat(holders(table, hash)).isEqualTo(expected);
          });
        });
  }

  @Test
  void grow_manyKeys_keepsNearlyAllUntilTheCapacity() {
    AnchorTable table = new AnchorTable(1 << 16);
    SplittableRandom random = new SplittableRandom(1);
    List<Long> keys = new ArrayList<>();
    for (int i = 0; i < 30_000; i++) {
      keys.add(random.nextLong());
      table.touch(keys.get(i), 3, i + 1);
      table.grow();
    }
    long kept = keys.stream().filter(key -> !holders(table, key).isEmpty()).count();
    assertThat(kept).isGreaterThan(28_000);
    assertThat(table.size()).isEqualTo(kept);
  }

  @Test
  void touch_olderThanWhatIsKnown_changesNothing() {
    AnchorTable table = new AnchorTable(1024);
    table.touch(5, 1, 100);
    table.touch(5, 1, 50);
    assertThat(holders(table, 5)).containsExactly(100L << 16 | 1);
  }

  @Test
  void touch_manyThreadsOnFewSets_neverNamesAReplicaThatNoOneTouched() throws Exception {
    AnchorTable table = new AnchorTable(1024);
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Future<?>> done = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        SplittableRandom random = new SplittableRandom(thread);
        done.add(
            pool.submit(() -> {
              for (int i = 1; i < 100_000; i++) {
                table.touch(random.nextInt(5000) + 2L, random.nextInt(3) + 1, i);
              }
            }));
      }
      for (Future<?> each : done) {
        each.get();
      }
    }
    for (long key = 2; key < 5002; key++) {
      for (long holder : holders(table, key)) {
        assertThat(AnchorTable.slotOf(holder)).isBetween(1, 3);
        assertThat(AnchorTable.touchMillisOf(holder)).isBetween(1L, 100_000L);
      }
    }
    assertThat(table.size()).isLessThanOrEqualTo(1024);
  }
}
