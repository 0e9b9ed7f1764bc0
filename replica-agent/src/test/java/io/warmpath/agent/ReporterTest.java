package io.warmpath.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.embedded.EmbeddedChannel;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ReporterTest {

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final List<Long> sentMillis = new ArrayList<>();
  private final List<ReplicaReport> sent = new ArrayList<>();
  private long nowMillis;
  private int fleetSize = 1;
  private double pendingSeconds;
  private int runningRequests;
  private double saturation;
  private double requestsPerMilli;
  private Reporter reporter;

  @BeforeEach
  void start() {
    channel.freezeTime();
    reporter =
        new Reporter(
            channel.eventLoop(),
            () -> TimeUnit.MILLISECONDS.toNanos(nowMillis),
            AgentConfig.Report.DEFAULT,
            new Reporter.Sink() {
              @Override
              public void announce(ReplicaReport report) {
                sent.add(report);
                sentMillis.add(nowMillis);
              }

              @Override
              public int fleetSize() {
                return fleetSize;
              }
            },
            (sequence, now) -> report(sequence),
            new ReplicaMetrics(new SimpleMeterRegistry(), "r"));
    reporter.start();
  }

  @Test
  void report_idle_comesEachIdlePeriod() {
    advance(3_500);
    // The first report is news, so the second follows within the busy period.
    assertThat(sentMillis).containsExactly(0L, 250L, 1250L, 2250L, 3250L);
    assertThat(sent.getLast().sequence()).isEqualTo(4);
  }

  @Test
  void report_littleToDo_comesEachIdlePeriod() {
    pendingSeconds = 0.04;
    runningRequests = 3;
    advance(1_500);
    assertThat(sentMillis).containsExactly(0L, 250L, 1250L);
    saturation = 0.5;
    advance(1_250);
    assertThat(sentMillis).containsExactly(0L, 250L, 1250L, 2250L, 2500L, 2750L);
  }

  @Test
  void report_manyRequests_comesEachPeriod() {
    requestsPerMilli = 0.08;
    advance(1_500);
    assertThat(sentMillis).containsExactly(0L, 250L, 500L, 750L, 1000L, 1250L, 1500L);
  }

  @Test
  void report_busy_comesEachPeriod() {
    pendingSeconds = 1;
    advance(1_000);
    assertThat(sentMillis).containsExactly(0L, 250L, 500L, 750L, 1000L);
  }

  @Test
  void report_largeFleet_slowsDown() {
    pendingSeconds = 1;
    fleetSize = 2_000;
    advance(6_500);
    assertThat(sentMillis).containsExactly(0L, 250L, 2250L, 4250L, 6250L);
  }

  @Test
  void changed_isReportedAtOnceButSpaced() {
    advance(400);
    int before = sent.size();
    reporter.changed();
    advance(1);
    assertThat(sent).hasSize(before + 1);
    reporter.changed();
    reporter.changed();
    advance(40);
    assertThat(sent).hasSize(before + 1);
    advance(10);
    assertThat(sent).hasSize(before + 2);
  }

  @Test
  void loadMayHaveJumped_onlyAJumpIsReported() {
    advance(400);
    int before = sent.size();
    reporter.loadMayHaveJumped(0.2);
    advance(1);
    assertThat(sent).hasSize(before);
    reporter.loadMayHaveJumped(0.3);
    advance(1);
    assertThat(sent).hasSize(before + 1);
  }

  @Test
  void loadMayHaveJumped_largeFleet_keepsToTheFleetsReportsASecond() {
    fleetSize = 500;
    pendingSeconds = 1;
    advance(600);
    assertThat(sentMillis).containsExactly(0L, 250L);
    reporter.loadMayHaveJumped(9);
    advance(149);
    assertThat(sentMillis).hasSize(2);
    reporter.changed();
    advance(1);
    assertThat(sentMillis).containsExactly(0L, 250L, 750L);
  }

  @Test
  void epochBegan_numbersAnew() {
    advance(300);
    reporter.epochBegan();
    reporter.changed();
    advance(50);
    assertThat(sent.getLast().sequence()).isZero();
  }

  @Test
  void stop_endsReports() {
    reporter.stop();
    int before = sent.size();
    reporter.changed();
    advance(5_000);
    assertThat(sent).hasSize(before);
  }

  private void advance(long millis) {
    for (long i = 0; i < millis; i++) {
      nowMillis++;
      channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
      channel.runScheduledPendingTasks();
    }
  }

  private ReplicaReport report(long sequence) {
    return new ReplicaReport(
        new ReplicaReport.Identity("r", "a:1", List.of(), Map.of(), 1),
        1,
        sequence,
        State.READY,
        0,
        new ReplicaReport.Load(
            (long) (pendingSeconds * 1000), pendingSeconds, runningRequests, 0, saturation),
        new ReplicaReport.Cache(0, 0, 0, 0, Double.POSITIVE_INFINITY),
        new PrefillSpeed(1000, 0),
        List.of(),
        RecentAnchors.NONE,
        new ReplicaReport.Totals(0, 0, Math.round(requestsPerMilli * nowMillis)));
  }
}
