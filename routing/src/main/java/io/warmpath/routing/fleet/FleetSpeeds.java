package io.warmpath.routing.fleet;

import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.ReplicaReport;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The prefill speeds that the replicas of a fleet are believed to have. */
final class FleetSpeeds {

  /*
   * Each replica measures its own speed from the few times it has seen, while decoding disturbs
   * it: equal replicas report rates that differ by half. A cost that took those as they are would
   * send everything to whoever erred upwards, because the difference is multiplied by the whole
   * prompt. Replicas of one weight are most likely alike, so each has the median speed, scaled by
   * its weight, and only what it is slower or faster than that by more than NOISE counts as its
   * own: soft thresholding of the logarithm (Donoho, De-noising by soft-thresholding, IEEE Trans.
   * Inf. Theory 1995).
   */
  private static final double NOISE = 1.5;

  /** Slowness is compared by the time of a prompt of this length. */
  private static final int TYPICAL_TOKENS = 2048;

  private FleetSpeeds() {}

  /** Returns the speed of each replica; those with index in {@code placeable} make the median. */
  static PrefillSpeed[] of(List<ReplicaReport> reports, int[] placeable) {
    PrefillSpeed[] speeds = new PrefillSpeed[reports.size()];
    if (placeable.length == 0) {
      Arrays.setAll(speeds, index -> reports.get(index).prefill());
      return speeds;
    }
    double secondsPerToken =
        median(reports, placeable, report -> weight(report) / report.prefill().tokensPerSecond());
    double overheadSeconds =
        median(reports, placeable, report -> weight(report) * report.prefill().overheadSeconds());
    double typicalSeconds = overheadSeconds + TYPICAL_TOKENS * secondsPerToken;
    for (int index = 0; index < speeds.length; index++) {
      ReplicaReport report = reports.get(index);
      double ratio = weight(report) * report.prefill().seconds(TYPICAL_TOKENS) / typicalSeconds;
      double slowness = withoutNoise(ratio) / weight(report);
      speeds[index] =
          new PrefillSpeed(1 / (secondsPerToken * slowness), overheadSeconds * slowness);
    }
    return speeds;
  }

  private static double withoutNoise(double ratio) {
    if (ratio > NOISE) {
      return ratio / NOISE;
    }
    return ratio < 1 / NOISE ? ratio * NOISE : 1;
  }

  private static double weight(ReplicaReport report) {
    return report.identity().weight();
  }

  private static double median(
      List<ReplicaReport> reports, int[] indexes, ToDoubleFunction<ReplicaReport> figure) {
    double[] sorted =
        Arrays.stream(indexes).mapToDouble(i -> figure.applyAsDouble(reports.get(i))).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
