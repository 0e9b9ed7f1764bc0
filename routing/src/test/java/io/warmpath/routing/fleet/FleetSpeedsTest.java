package io.warmpath.routing.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class FleetSpeedsTest {

  private static ReplicaReport replica(double weight, double tokensPerSecond) {
    return new ReplicaReport(
        new ReplicaReport.Identity("r", "r:1", List.of(), Map.of(), weight),
        1,
        1,
        ReplicaReport.State.READY,
        60,
        ReplicaReport.Load.IDLE,
        new ReplicaReport.Cache(0, 0, 0, 0, Double.POSITIVE_INFINITY),
        new PrefillSpeed(tokensPerSecond, 0.01),
        List.of(),
        RecentAnchors.NONE,
        new ReplicaReport.Totals(0, 0, 0));
  }

  private static double[] rates(ReplicaReport... replicas) {
    int[] all = IntStream.range(0, replicas.length).toArray();
    PrefillSpeed[] speeds = FleetSpeeds.of(List.of(replicas), all);
    return IntStream.range(0, speeds.length)
        .mapToDouble(i -> speeds[i].tokensPerSecond())
        .toArray();
  }

  @Test
  void equalReplicasThatErrByAThird_areTakenForEqual() {
    double[] rates = rates(replica(1, 15_000), replica(1, 20_000), replica(1, 28_000));
    assertThat(rates).containsOnly(rates[0]);
    assertThat(rates[0]).isCloseTo(20_000, within(1e-6));
  }

  @Test
  void replicaOfTwiceTheWeight_isTwiceAsFast() {
    double[] rates = rates(replica(1, 20_000), replica(1, 20_000), replica(2, 40_000));
    assertThat(rates[2]).isCloseTo(40_000, within(1e-6));
  }

  @Test
  void replicaThatIsMuchSlower_countsAsSlower() {
    double[] rates = rates(replica(1, 20_000), replica(1, 20_000), replica(1, 2_000));
    assertThat(rates[2]).isBetween(2_000.0, 4_000.0);
    assertThat(rates[0]).isCloseTo(20_000, within(1e-6));
  }

  @Test
  void nobodyPlaceable_keepsWhatEachSays() {
    PrefillSpeed[] speeds = FleetSpeeds.of(List.of(replica(1, 12_345)), new int[0]);
    assertThat(speeds[0].tokensPerSecond()).isEqualTo(12_345);
  }
}
