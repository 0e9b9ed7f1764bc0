package io.warmpath.routing.baseline;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Policy;
import io.warmpath.routing.fleet.Fleet;

/**
 * Consistent hashing of the session's key, whatever the load; a request without a session is hashed
 * by its family.
 *
 * <p>Products differ in what they take for the key (a header, a cookie, the client's address); here
 * it is the session key the client gave.
 */
final class SessionHashing implements Rule {

  private final int familySteps;

  SessionHashing(int familySteps) {
    this.familySteps = familySteps;
  }

  @Override
  public String name() {
    return Policy.SESSION_HASHING.id();
  }

  @Override
  public int choose(Situation situation) {
    Fleet fleet = situation.fleet();
    long session = situation.request().session();
    long key = session != 0 ? session : Choice.key(situation.prefix(), familySteps);
    @Var int wanted = Math.min(4, fleet.placeableCount());
    while (true) {
      int[] order = new int[wanted];
      int found = fleet.firstOf(key, wanted, order);
      for (int rank = 0; rank < found; rank++) {
        if (situation.isEligible(order[rank])) {
          return order[rank];
        }
      }
      if (wanted == fleet.placeableCount()) {
        return -1;
      }
      wanted = fleet.placeableCount();
    }
  }
}
