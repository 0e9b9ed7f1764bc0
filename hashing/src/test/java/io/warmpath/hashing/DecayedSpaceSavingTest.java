package io.warmpath.hashing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class DecayedSpaceSavingTest {

  private static final long SECOND = 1_000_000_000L;
  private static final double ROUNDING = 1e-9;

  @Test
  void shares_anyStream_encloseTheTruthWithinTheBound() {
    SeededCases.run(
        300,
        random -> {
          int counters = 1 + random.nextInt(32);
          long start = random.nextLong();
          DecayedSpaceSaving sketch = new DecayedSpaceSaving(counters, 60 * SECOND, start);
          Exact exact = new Exact(60);
          int keys = 1 + random.nextInt(100);
          fill(sketch, exact, start, keys, random);
          assertThat(sketch.size()).isLessThanOrEqualTo(counters);
          for (int key = 0; key < keys + 3; key++) {
            double share = exact.share(key);
            assertThat(sketch.shareAtMost(key)).isBetween(share - ROUNDING, 1.0);
            assertThat(sketch.shareAtLeast(key)).isBetween(0.0, share + ROUNDING);
            assertThat(sketch.shareAtMost(key) - sketch.shareAtLeast(key))
                .isLessThanOrEqualTo(1.0 / counters + ROUNDING);
          }
        });
  }

  @Test
  void shares_fewerKeysThanCounters_areExact() {
    SeededCases.run(
        100,
        random -> {
          long start = random.nextLong();
          DecayedSpaceSaving sketch = new DecayedSpaceSaving(64, 60 * SECOND, start);
          Exact exact = new Exact(60);
          fill(sketch, exact, start, 63, random);
          for (int key = 0; key < 70; key++) {
            assertThat(sketch.shareAtMost(key)).isCloseTo(exact.share(key), within(ROUNDING));
            assertThat(sketch.shareAtLeast(key)).isCloseTo(exact.share(key), within(ROUNDING));
          }
          assertThat(sketch.total(start + exact.nanos))
              .isCloseTo(exact.total(), within(ROUNDING * exact.total()));
          long[] top = new long[8];
          assertThat(Arrays.copyOf(top, sketch.top(top))).isEqualTo(exact.top(8));
        });
  }

  @Test
  void top_skewedStream_containsEveryKeyAboveTheBound() {
    SeededCases.run(
        100,
        random -> {
          DecayedSpaceSaving sketch = new DecayedSpaceSaving(20, 60 * SECOND, 0);
          Exact exact = new Exact(60);
          fill(sketch, exact, 0, 400, random);
          long[] top = new long[20];
          List<Long> found = Arrays.stream(top, 0, sketch.top(top)).boxed().toList();
          for (int key = 0; key < 400; key++) {
            if (exact.share(key) > 1.0 / 20 + ROUNDING) {
              assertThat(found).contains((long) key);
            }
          }
        });
  }

  @Test
  void add_oneHalfLifeLater_countsTwiceAsMuch() {
    DecayedSpaceSaving sketch = new DecayedSpaceSaving(4, SECOND, 0);
    sketch.add(1, 10, 0);
    sketch.add(2, 10, SECOND);
    assertThat(sketch.shareAtMost(1)).isCloseTo(1.0 / 3, within(ROUNDING));
    assertThat(sketch.shareAtMost(2)).isCloseTo(2.0 / 3, within(ROUNDING));
    assertThat(sketch.total(SECOND)).isCloseTo(15, within(ROUNDING));
    assertThat(sketch.total(2 * SECOND)).isCloseTo(7.5, within(ROUNDING));
  }

  @Test
  void add_afterAnAge_forgetsTheOldAndGoesOn() {
    for (long idle : new long[] {100 * SECOND, 5_000 * SECOND, 1_000_000_000 * SECOND}) {
      DecayedSpaceSaving sketch = new DecayedSpaceSaving(2, SECOND, 0);
      sketch.add(1, 1e9, 0);
      sketch.add(2, 1e9, 0);
      sketch.add(3, 1, idle);
      sketch.add(4, 3, idle);
      assertThat(sketch.shareAtMost(3)).isCloseTo(0.25, within(ROUNDING));
      assertThat(sketch.shareAtLeast(4)).isCloseTo(0.75, within(ROUNDING));
      assertThat(sketch.shareAtMost(1)).isLessThanOrEqualTo(0.25 + ROUNDING);
    }
  }

  @Test
  void addKeyless_countsForTheTotalOnly() {
    DecayedSpaceSaving sketch = new DecayedSpaceSaving(4, SECOND, 0);
    sketch.add(1, 1, 0);
    sketch.addKeyless(3, 0);
    assertThat(sketch.shareAtMost(1)).isEqualTo(0.25);
    assertThat(sketch.size()).isEqualTo(1);
  }

  @Test
  void shares_emptySketch_areZero() {
    DecayedSpaceSaving sketch = new DecayedSpaceSaving(4, SECOND, 0);
    assertThat(sketch.shareAtMost(1)).isZero();
    assertThat(sketch.shareAtLeast(1)).isZero();
    assertThat(sketch.top(new long[3])).isZero();
    sketch.add(1, 0, 0);
    assertThat(sketch.shareAtMost(1)).isZero();
  }

  @Test
  void badValues_areRefused() {
    assertThatThrownBy(() -> new DecayedSpaceSaving(0, SECOND, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("counters: 0, allowed: 1..1048576");
    assertThatThrownBy(() -> new DecayedSpaceSaving(4, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("halfLifeNanos: 0");
    DecayedSpaceSaving sketch = new DecayedSpaceSaving(4, SECOND, 0);
    for (double amount : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> sketch.add(1, amount, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("amount: " + amount);
    }
  }

  /** A stream of skewed keys over minutes to days, in which a sketch moves its landmark often. */
  private static void fill(
      DecayedSpaceSaving sketch, Exact exact, long start, int keys, SplittableRandom random) {
    @Var long nanos = 0;
    long pause = SECOND << random.nextInt(8);
    for (int i = 0; i < 1000; i++) {
      nanos += random.nextLong(pause);
      int key = (int) (keys * Math.pow(random.nextDouble(), 3));
      double amount = random.nextDouble() * 100;
      sketch.add(key, amount, start + nanos);
      exact.add(key, amount, nanos);
    }
  }

  /** Every amount of every key, faded at each step. */
  private static final class Exact {

    private final double halfLifeSeconds;
    private final Map<Integer, Double> amounts = new HashMap<>();
    private long nanos;

    Exact(double halfLifeSeconds) {
      this.halfLifeSeconds = halfLifeSeconds;
    }

    void add(int key, double amount, long nowNanos) {
      double fade = Math.pow(0.5, (nowNanos - nanos) / 1e9 / halfLifeSeconds);
      amounts.replaceAll((any, old) -> old * fade);
      amounts.merge(key, amount, Double::sum);
      nanos = nowNanos;
    }

    double total() {
      return amounts.values().stream().mapToDouble(amount -> amount).sum();
    }

    double share(int key) {
      return amounts.getOrDefault(key, 0.0) / total();
    }

    long[] top(int count) {
      return amounts.entrySet().stream()
          .sorted(Map.Entry.<Integer, Double>comparingByValue(Comparator.reverseOrder()))
          .limit(count)
          .mapToLong(Map.Entry::getKey)
          .toArray();
    }
  }
}
