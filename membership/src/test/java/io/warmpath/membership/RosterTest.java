package io.warmpath.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.membership.ZnodeSession.Node;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class RosterTest {

  private static final long GRACE = 1_000;

  private final Refusals refusals = new Refusals();
  private final Roster<ReplicaReport> roster = new Roster<>(RecordKind.REPLICA, 3, GRACE, refusals);

  @Test
  void observe_newerSequence_replacesAndStampsAnew() {
    assertThat(roster.observe("a", node(Reports.ready("a", 1, 1), 10), 100)).isTrue();
    assertThat(roster.observe("a", node(Reports.ready("a", 1, 2), 10), 200)).isTrue();

    assertThat(only().record().sequence()).isEqualTo(2);
    assertThat(only().receivedNanos()).isEqualTo(200);
  }

  @Test
  void observe_sameRecordAgain_keepsItsTimeAndIsNoNews() {
    roster.observe("a", node(Reports.ready("a", 1, 1), 10), 100);

    assertThat(roster.observe("a", node(Reports.ready("a", 1, 1), 10), 200)).isFalse();
    assertThat(roster.observe("a", node(Reports.ready("a", 1, 1), 11), 300)).isFalse();
    assertThat(only().receivedNanos()).isEqualTo(100);
  }

  @Test
  void observe_olderEpochInTheSameZnode_isIgnoredAndCounted() {
    roster.observe("a", node(Reports.ready("a", 5, 1), 10), 100);

    assertThat(roster.observe("a", node(Reports.ready("a", 4, 99), 10), 200)).isFalse();
    assertThat(roster.observe("a", node(Reports.ready("a", 5, 0), 10), 200)).isFalse();

    assertThat(only().record().epoch()).isEqualTo(5);
    assertThat(refusals.outdated).isEqualTo(2);
  }

  /* The newer process left, and an older one may hold the id again: its clock was behind. */
  @Test
  void observe_olderEpochInALaterZnode_isTaken() {
    roster.observe("a", node(Reports.ready("a", 5, 1), 10), 100);

    assertThat(roster.observe("a", node(Reports.ready("a", 4, 1), 11), 200)).isTrue();
    assertThat(only().record().epoch()).isEqualTo(4);
  }

  @Test
  void observe_missingWithinGrace_staysUntilItIsMissedOnceMoreAfterIt() {
    roster.observe("a", node(Reports.ready("a", 1, 1), 10), 0);

    assertThat(roster.observe("a", null, 500)).isFalse();
    assertThat(roster.nanosToOverdue(600)).isEqualTo(900);
    assertThat(roster.overdue(1_499)).isEmpty();
    assertThat(roster.overdue(1_500)).containsExactly("a");
    assertThat(roster.ids()).containsExactly("a");
    assertThat(roster.observe("a", null, 1_500)).isTrue();
    assertThat(roster.ids()).isEmpty();
    assertThat(roster.nanosToOverdue(1_600)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void observe_backWithinGrace_neverLeft() {
    roster.observe("a", node(Reports.ready("a", 1, 1), 10), 0);
    roster.observe("a", null, 500);

    assertThat(roster.observe("a", node(Reports.ready("a", 1, 1), 12), 900)).isFalse();

    assertThat(roster.overdue(5_000)).isEmpty();
    assertThat(only().receivedNanos()).isZero();
  }

  @Test
  void observe_missingAfterGoodbye_leavesAtOnce() {
    for (State goodbye : List.of(State.DRAINING, State.DOWN)) {
      roster.observe("a", node(Reports.in(goodbye, "a", 1, 1), 10), 0);

      assertThat(roster.observe("a", null, 1)).isTrue();
      assertThat(roster.ids()).isEmpty();
    }
  }

  @Test
  void restartGrace_givesTheFullGraceAgain() {
    roster.observe("a", node(Reports.ready("a", 1, 1), 10), 0);
    roster.observe("a", null, 500);

    roster.restartGrace();
    roster.observe("a", null, 2_000);

    assertThat(roster.overdue(2_999)).isEmpty();
    assertThat(roster.overdue(3_000)).containsExactly("a");
  }

  @Test
  void observe_garbageInAKnownZnode_keepsTheLastGoodRecord() {
    roster.observe("a", node(Reports.ready("a", 1, 1), 10), 0);
    roster.observe("a", null, 1);

    assertThat(roster.observe("a", new Node(new byte[] {1, 2, 3}, 11, 0, 7), 2)).isFalse();

    assertThat(only().record().sequence()).isEqualTo(1);
    assertThat(roster.overdue(5_000)).isEmpty();
    assertThat(refusals.refused).containsExactly("a");
  }

  @Test
  void observe_recordOfAnotherId_isRefused() {
    assertThat(roster.observe("a", node(Reports.ready("b", 1, 1), 10), 0)).isFalse();

    assertThat(roster.ids()).isEmpty();
    assertThat(refusals.refused).containsExactly("a");
  }

  @Test
  void observe_moreThanFit_areLeftOutAndCounted() {
    for (String id : List.of("a", "b", "c", "d")) {
      roster.observe(id, node(Reports.ready(id, 1, 1), 10), 0);
    }

    assertThat(roster.ids()).containsExactly("a", "b", "c");
    assertThat(refusals.overflowed).containsExactly("d");
    assertThat(roster.observe("c", node(Reports.ready("c", 1, 2), 10), 0)).isTrue();
  }

  @Test
  void idsToRead_areThePresentAndTheKnown() {
    roster.observe("a", node(Reports.ready("a", 1, 1), 10), 0);

    assertThat(roster.idsToRead(List.of("b"))).isEqualTo(Set.of("a", "b"));
  }

  private Roster.Entry<ReplicaReport> only() {
    assertThat(roster.entries()).hasSize(1);
    return roster.entries().iterator().next();
  }

  private static Node node(ReplicaReport report, long creation) {
    return new Node(RecordCodec.encode(report), creation, 0, 7);
  }

  private static final class Refusals implements Roster.Counters {

    private final List<String> refused = new ArrayList<>();
    private final List<String> overflowed = new ArrayList<>();
    private int outdated;

    @Override
    public void refused(String id, Decoded.Refused<?> why) {
      refused.add(id);
    }

    @Override
    public void outdated() {
      outdated++;
    }

    @Override
    public void overflowed(String id) {
      overflowed.add(id);
    }
  }
}
