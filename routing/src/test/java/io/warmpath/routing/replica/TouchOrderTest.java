package io.warmpath.routing.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class TouchOrderTest {

  private static final int STEPS = 3_000;

  @Test
  void touchesAndRemovals_agreeWithALinkedHashMap() {
    SeededCases.run(
        50,
        random -> {
          TouchOrder order = new TouchOrder();
          Map<Long, Long> expected = new LinkedHashMap<>(16, 0.75f, true);
          long keys = random.nextLong(1, 2_000);
          for (int step = 0; step < STEPS; step++) {
            apply(random, random.nextLong(keys), step, order, expected);
          }
          assertThat(inOrder(order)).isEqualTo(List.copyOf(expected.values()));
          assertThat(order.size()).isZero();
        });
  }

  private static void apply(
      SplittableRandom random, long key, int step, TouchOrder order, Map<Long, Long> expected) {
    int known = order.find(key);
    assertThat(known != TouchOrder.NONE).isEqualTo(expected.containsKey(key));
    if (random.nextInt(1_000) == 0) {
      order.clear();
      expected.clear();
    } else if (known != TouchOrder.NONE && random.nextInt(3) == 0) {
      assertThat(order.touchNanos(known)).isEqualTo(expected.remove(key));
      order.remove(known);
    } else {
      order.touch(known, key, (int) key, -step, step);
      expected.put(key, (long) step);
      assertThat(order.tokens(order.find(key))).isEqualTo((int) key);
      assertThat(order.span(order.find(key))).isEqualTo(-step);
    }
    assertThat(order.size()).isEqualTo(expected.size());
  }

  private static List<Long> inOrder(TouchOrder order) {
    List<Long> touches = new ArrayList<>();
    for (int oldest = order.oldest(); oldest != TouchOrder.NONE; oldest = order.oldest()) {
      touches.add(order.touchNanos(oldest));
      order.remove(oldest);
    }
    return touches;
  }
}
