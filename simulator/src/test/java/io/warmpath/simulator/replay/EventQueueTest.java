package io.warmpath.simulator.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

final class EventQueueTest {

  private record Event(long time, long payload) {}

  @Test
  void randomEvents_comeInOrderOfTimeThenOfInsertion() {
    SeededCases.run(
        200,
        random -> {
          EventQueue queue = new EventQueue();
          List<Event> expected = new ArrayList<>();
          int count = random.nextInt(500);
          for (int i = 0; i < count; i++) {
            Event event = new Event(random.nextInt(20), i);
            queue.add(event.time, event.payload);
            expected.add(event);
          }
          expected.sort(Comparator.comparingLong(Event::time));
          for (Event event : expected) {
            assertThat(queue.firstNanos()).isEqualTo(event.time);
            assertThat(queue.poll()).isEqualTo(event.payload);
          }
          assertThat(queue.isEmpty()).isTrue();
          assertThat(queue.firstNanos()).isEqualTo(Long.MAX_VALUE);
        });
  }
}
