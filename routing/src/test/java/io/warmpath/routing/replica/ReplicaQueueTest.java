package io.warmpath.routing.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class ReplicaQueueTest {

  private static final double NONE = Double.POSITIVE_INFINITY;
  private static final PrefillSpeed SPEED = new PrefillSpeed(1000, 0.1);

  private static ReplicaQueue queue(ReplicaQueue.Order order, int capacity) {
    return new ReplicaQueue(new ReplicaQueue.Settings(capacity, order, 5, 0, 1), SPEED);
  }

  private static QueuedRequest request(int tokens, double arrivalSeconds) {
    return new QueuedRequest(tokens, 0, 0, nanos(arrivalSeconds));
  }

  private static long nanos(double seconds) {
    return Math.round(seconds * 1e9);
  }

  @Test
  void offer_pendingWorkAboveLimit_refusesAndSaysIt() {
    ReplicaQueue queue = queue(ReplicaQueue.Order.ARRIVAL, 10);
    assertThat(queue.offer(request(900, 0), 0, NONE, 0)).isEqualTo(new Admission.Accepted(0));
    assertThat(queue.offer(request(100, 0), 0.5, NONE, 0))
        .isEqualTo(new Admission.Refused(Admission.Reason.ABOVE_LIMIT, 1, 0.5));
    assertThat(queue.offer(request(100, 0), 1, NONE, 0)).isEqualTo(new Admission.Accepted(1));
  }

  @Test
  void offer_capacityReached_refuses() {
    ReplicaQueue queue = queue(ReplicaQueue.Order.ARRIVAL, 1);
    queue.offer(request(900, 0), NONE, NONE, 0);
    assertThat(queue.offer(request(1, 0), NONE, NONE, 0))
        .isEqualTo(new Admission.Refused(Admission.Reason.QUEUE_FULL, 1, 1));
  }

  @Test
  void offer_longWait_refusesLongPromptsAndTakesShortOnesThatOvertake() {
    ReplicaQueue queue = queue(ReplicaQueue.Order.VIRTUAL_DEADLINE, 10);
    queue.offer(request(3900, 0), NONE, NONE, 0);
    assertThat(queue.offer(request(5000, 0), NONE, 3, 0))
        .isEqualTo(new Admission.Refused(Admission.Reason.QUEUE_WAIT, 4, 1));
    assertThat(queue.offer(request(100, 0), NONE, 3, 0)).isInstanceOf(Admission.Accepted.class);
  }

  @Test
  void offer_sameRequestTwice_throws() {
    ReplicaQueue queue = queue(ReplicaQueue.Order.ARRIVAL, 10);
    QueuedRequest request = request(10, 0);
    queue.offer(request, NONE, NONE, 0);
    assertThatThrownBy(() -> queue.offer(request, NONE, NONE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void pendingWork_whileTheEngineComputes_fallsToTheEndOfItsFirstPrompt() {
    ReplicaQueue queue = queue(ReplicaQueue.Order.ARRIVAL, 10);
    QueuedRequest first = request(900, 0);
    queue.offer(first, NONE, NONE, 0);
    queue.offer(request(400, 0), NONE, NONE, 0);
    assertThat(queue.pendingWorkSeconds(nanos(5))).isCloseTo(1.5, within(1e-9));
    assertThat(queue.next(nanos(5))).isSameAs(first);
    assertThat(queue.pendingWorkSeconds(nanos(5.25))).isCloseTo(1.25, within(1e-9));
    assertThat(queue.pendingPrefillTokens(nanos(5.25))).isEqualTo(1050);
    assertThat(queue.pendingWorkSeconds(nanos(9))).isCloseTo(0.5, within(1e-9));
    queue.prefilled(first, nanos(9));
    assertThat(queue.pendingWorkSeconds(nanos(9))).isCloseTo(0.5, within(1e-9));
    queue.setSpeed(new PrefillSpeed(4000, 0));
    assertThat(queue.pendingWorkSeconds(nanos(9))).isCloseTo(0.1, within(1e-9));
  }

  @Test
  void remove_waitingAtEngineOrUnknown_leavesNothingBehind() {
    ReplicaQueue queue = queue(ReplicaQueue.Order.ARRIVAL, 10);
    QueuedRequest first = request(900, 0);
    QueuedRequest second = request(400, 0);
    queue.offer(first, NONE, NONE, 0);
    queue.offer(second, NONE, NONE, 0);
    queue.next(0);
    queue.remove(second, 0);
    queue.remove(first, 0);
    queue.remove(first, 0);
    queue.prefilled(second, 0);
    assertThat(queue.pendingWorkSeconds(0)).isZero();
    assertThat(queue.pendingPrefillTokens(0)).isZero();
    assertThat(queue.waitingRequests() + queue.engineRequests()).isZero();
  }

  @Test
  void next_anyRequests_followsPriorityThenDeadlineThenArrival() {
    SeededCases.run(
        200,
        random -> {
          ReplicaQueue queue = queue(ReplicaQueue.Order.VIRTUAL_DEADLINE, 100);
          List<QueuedRequest> all = new ArrayList<>();
          for (int i = 0; i < 30; i++) {
            int tokens = random.nextInt(5) * 100;
            long arrival = nanos(random.nextInt(4));
            QueuedRequest request = new QueuedRequest(tokens, 0, random.nextInt(2), arrival);
            all.add(request);
            queue.offer(request, NONE, NONE, arrival);
          }
          all.sort(
              Comparator.comparingInt(QueuedRequest::priority)
                  .thenComparingLong(each ->
                      each.arrivalNanos()
                          + nanos(5 * SPEED.seconds(each.expectedComputedTokens()))));
          for (QueuedRequest expected : all) {
            QueuedRequest next = queue.next(0);
            assertThat(next).isSameAs(expected);
            assertThat(queue.next(0)).isNull();
            queue.prefilled(expected, 0);
          }
        });
  }

  @Test
  void next_longPromptAmongEndlessShortOnes_isNotStarved() {
    ReplicaQueue queue = queue(ReplicaQueue.Order.VIRTUAL_DEADLINE, 100);
    QueuedRequest old = request(2000, 0);
    queue.offer(old, NONE, NONE, 0);
    @Var int overtaken = 0;
    for (@Var boolean found = false; !found; overtaken++) {
      double now = 0.2 * overtaken;
      queue.offer(request(100, now), NONE, NONE, nanos(now));
      QueuedRequest next = Objects.requireNonNull(queue.next(nanos(now)));
      queue.prefilled(next, nanos(now));
      found = next == old;
    }
    assertThat(overtaken).isBetween(40, 60);
  }
}
