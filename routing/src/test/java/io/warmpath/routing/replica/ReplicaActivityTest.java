package io.warmpath.routing.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.TestFleet;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ReplicaActivityTest {

  private static long nanos(double seconds) {
    return Math.round(seconds * 1e9);
  }

  private static List<Long> hashes(RecentAnchors anchors) {
    List<Long> hashes = new ArrayList<>();
    for (int i = 0; i < anchors.size(); i++) {
      hashes.add(anchors.hash(i));
    }
    return hashes;
  }

  @Test
  void anchors_ofAPrompt_areItsLadderFromTheFamilyOnAndItsEnd() {
    ReplicaActivity activity = new ReplicaActivity(400_000, 16);
    PromptPrefix prefix = TestFleet.prompt(1, 5000);
    activity.prefilled(prefix, 99, 0, nanos(3));
    RecentAnchors anchors = activity.anchors(nanos(4.5));
    assertThat(hashes(anchors))
        .contains(
            99L,
            prefix.family(),
            prefix.stepHash(15),
            prefix.stepHash(31),
            prefix.stepHash(prefix.stepCount() - 1))
        .doesNotContain(prefix.stepHash(0))
        .doesNotHaveDuplicates();
    assertThat(anchors.ageMillis(0)).isEqualTo(1500);
    assertThat(activity.anchors(nanos(14)).size()).isZero();
  }

  @Test
  void anchors_ofManyPrompts_areTheLatestOnes() {
    ReplicaActivity activity = new ReplicaActivity(400_000, 16);
    for (int i = 0; i < 50; i++) {
      activity.prefilled(TestFleet.prompt(i, 5000), 0, nanos(0.01 * i));
    }
    RecentAnchors anchors = activity.anchors(nanos(1));
    assertThat(anchors.size()).isEqualTo(ReplicaActivity.MAX_ANCHORS);
    assertThat(hashes(anchors)).contains(TestFleet.prompt(49, 5000).family());
  }

  @Test
  void evictionAge_cacheOverflows_isThatOfTheLeastRecentlyUsed() {
    ReplicaActivity activity = new ReplicaActivity(10_000, 16);
    activity.prefilled(TestFleet.prompt(1, 4096), 0, nanos(1));
    activity.prefilled(TestFleet.prompt(2, 4096), 0, nanos(2));
    assertThat(activity.cache(0, nanos(2)).evictionAgeSeconds()).isInfinite();
    activity.prefilled(TestFleet.prompt(3, 4096), 0, nanos(3));
    assertThat(activity.cache(7, nanos(5)).evictionAgeSeconds()).isCloseTo(4, within(1e-6));
    assertThat(activity.cache(7, nanos(5)).usedTokens()).isEqualTo(7);
    activity.evicted(nanos(2.5));
    assertThat(activity.cache(0, nanos(5)).evictionAgeSeconds()).isCloseTo(2.5, within(1e-6));
    activity.evicted(nanos(0.5), false);
    assertThat(activity.cache(0, nanos(5)).evictionAgeSeconds()).isCloseTo(4, within(1e-6));
    activity.evicted(nanos(2.5), false);
    assertThat(activity.cache(0, nanos(5)).evictionAgeSeconds()).isCloseTo(2.5, within(1e-6));
    activity.clear();
    assertThat(activity.cache(0, nanos(5)).evictionAgeSeconds()).isInfinite();
  }

  @Test
  void workingSet_countsDistinctTokensOfTheLastMinutes() {
    ReplicaActivity activity = new ReplicaActivity(0, 16);
    PromptPrefix prefix = TestFleet.prompt(1, 4096);
    activity.prefilled(prefix, 0, nanos(1));
    activity.prefilled(prefix, 4000, nanos(2));
    assertThat(activity.cache(0, nanos(2)).workingSetTokens()).isEqualTo(4096);
    activity.finished(prefix, 100, nanos(3));
    assertThat(activity.cache(0, nanos(3)).workingSetTokens()).isEqualTo(4196);
    assertThat(activity.cache(0, nanos(600)).workingSetTokens()).isZero();
  }

  @Test
  void families_areThoseWithTheMostWork() {
    ReplicaActivity activity = new ReplicaActivity(0, 16);
    for (int i = 0; i < 40; i++) {
      activity.prefilled(TestFleet.prompt(i % 4 == 0 ? 1 : 100 + i, 3000), 0, nanos(i));
    }
    activity.prefilled(TestFleet.prompt(1, 50), 0, nanos(40));
    List<ReplicaReport.FamilyShare> families = activity.families(nanos(40));
    assertThat(families).hasSize(ReplicaActivity.MAX_FAMILIES);
    assertThat(families.getFirst().family()).isEqualTo(TestFleet.prompt(1, 3000).family());
    assertThat(families.getFirst().workShare()).isBetween(0.2, 0.3);
  }

  @Test
  void totals_sumWhatWasComputedAndCached() {
    ReplicaActivity activity = new ReplicaActivity(0, 16);
    PromptPrefix prefix = TestFleet.prompt(1, 3000);
    activity.prefilled(prefix, 1000, 0);
    activity.prefilled(prefix, 2000, 0);
    activity.finished(prefix, 5, 0);
    assertThat(activity.totals()).isEqualTo(new ReplicaReport.Totals(3000, 3000, 1));
  }
}
