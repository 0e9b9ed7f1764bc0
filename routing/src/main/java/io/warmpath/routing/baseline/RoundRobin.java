package io.warmpath.routing.baseline;

import io.warmpath.routing.Policy;
import java.util.concurrent.atomic.AtomicInteger;

/** Each eligible replica in turn. */
final class RoundRobin implements Rule {

  private final AtomicInteger turn;

  /** Starts at a turn drawn from {@code seed}, so that routers do not march in step. */
  RoundRobin(long seed) {
    this.turn = new AtomicInteger((int) (seed >>> 1));
  }

  @Override
  public String name() {
    return Policy.ROUND_ROBIN.id();
  }

  @Override
  public int choose(Situation situation) {
    int size = situation.fleet().size();
    int first = turn.get();
    for (int i = 0; i < size; i++) {
      int index = Math.floorMod(first + i, size);
      if (situation.isEligible(index)) {
        return index;
      }
    }
    return -1;
  }

  @Override
  public void placed(Situation situation, int index) {
    turn.incrementAndGet();
  }
}
