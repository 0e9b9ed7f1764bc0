package io.warmpath.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.grpc.Status;
import io.warmpath.cli.demo.DemoResult.Times;
import io.warmpath.routing.Policy;
import io.warmpath.v1.Placement;
import io.warmpath.v1.Usage;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class DemoResultTest {

  private static Sample placed(String replica, int promptTokens) {
    Sample sample = new Sample(promptTokens, 0, 2_000_000);
    sample.placed(Placement.newBuilder().setReplicaId(replica).setAttempts(1).build());
    return sample;
  }

  private static Sample completed(String replica, int promptTokens, int cachedTokens) {
    Sample sample = placed(replica, promptTokens);
    sample.decoded();
    sample.completed(Usage.newBuilder().setCachedTokens(cachedTokens).build());
    sample.ended();
    return sample;
  }

  @Test
  void completedRequests_giveHitRateAndBalanceOverAllReplicas() {
    DemoResult result =
        DemoResult.of(
            Policy.WARMPATH,
            List.of(completed("a", 100, 0), completed("a", 200, 150), completed("b", 100, 50)),
            4);
    assertThat(result.tokenHitRate()).isCloseTo(0.5, within(1e-9));
    assertThat(result.requestsMaxOverMean()).isCloseTo(2 / 0.75, within(1e-9));
    assertThat(result.workMaxOverMean()).isCloseTo(150 / 50.0, within(1e-9));
    assertThat(result.errors()).isZero();
    assertThat(result.senderLateness().max()).isCloseTo(0.002, within(1e-9));
  }

  @Test
  void requestsWithoutAnAnswer_areErrorsByHowFarTheyCame() {
    Sample cut = placed("a", 10);
    cut.decoded();
    cut.failed(Status.UNAVAILABLE.asRuntimeException());
    Sample failed = placed("a", 10);
    failed.failed(Status.UNAVAILABLE.asRuntimeException());
    Sample refused = placed("", 10);
    refused.failed(Status.RESOURCE_EXHAUSTED.asRuntimeException());
    Sample running = placed("b", 10);

    DemoResult result =
        DemoResult.of(Policy.ROUND_ROBIN, List.of(cut, failed, refused, running), 2);

    assertThat(result.cut()).isEqualTo(1);
    assertThat(result.failed()).isEqualTo(2);
    assertThat(result.refused()).isEqualTo(1);
    assertThat(result.errors()).isEqualTo(4);
    assertThat(result.tokenHitRate()).isZero();
    assertThat(result.requestsMaxOverMean()).isEqualTo(1);
  }

  @Test
  void times_ofOneToHundred_haveThePercentilesOfTheirRanks() {
    double[] seconds = IntStream.rangeClosed(1, 100).mapToDouble(i -> 101 - i).toArray();
    assertThat(Times.of(seconds)).isEqualTo(new Times(50.5, 50, 95, 99, 100));
    assertThat(Times.of(new double[] {3})).isEqualTo(new Times(3, 3, 3, 3, 3));
    assertThat(Times.of(new double[0])).isEqualTo(new Times(0, 0, 0, 0, 0));
  }
}
