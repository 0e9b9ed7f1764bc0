package io.warmpath.routing.baseline;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Policy;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.fleet.Fleet;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The cache-aware policy of SGLang's router and those derived from it, from its description: while
 * the requests in flight are balanced, a prompt goes to the worker whose prefix tree matches most
 * of it, if that is more than a threshold, and otherwise to the worker with the smallest tree; when
 * they are not, to the one with the fewest requests.
 *
 * <p>Differences: the tree is of 128-token steps instead of characters, and remembers the four
 * latest workers of each step; the size of a worker's tree is the tokens it was sent, fading,
 * instead of what periodic eviction left; ties of the match go to the worker with fewer requests.
 */
final class CacheAwareTree implements Rule {

  private static final double MATCH_THRESHOLD = 0.3;
  private static final int IMBALANCED_BY = 64;
  private static final double IMBALANCED_TIMES = 1.5;
  private static final int SLOTS = 1 << 16;

  private final PrefixMemory memory;
  private final AtomicLongArray sentTokens = new AtomicLongArray(SLOTS);

  CacheAwareTree(int capacity, long nowNanos) {
    this.memory = new PrefixMemory(capacity, nowNanos);
  }

  @Override
  public String name() {
    return Policy.CACHE_AWARE_TREE.id();
  }

  @Override
  public int choose(Situation situation) {
    Fleet fleet = situation.fleet();
    if (isImbalanced(situation)) {
      return Choice.least(situation, index -> fleet.slot(index).inFlight());
    }
    int[] matched = memory.matchedTokens(fleet, situation.prefix());
    int best =
        Choice.least(situation, index -> fleet.slot(index).inFlight() * 1e-6 - matched[index]);
    if (best >= 0 && matched[best] > MATCH_THRESHOLD * situation.prefix().promptTokens()) {
      return best;
    }
    return Choice.least(situation, index -> sentTokens.get(fleet.slot(index).number()));
  }

  @Override
  public int matchedTokens(Situation situation, int index) {
    int matched = memory.matchedTokens(situation.fleet(), situation.prefix())[index];
    return Math.min(matched, situation.prefix().promptTokens());
  }

  @Override
  public void placed(Situation situation, int index) {
    PromptPrefix prefix = situation.prefix();
    int slot = situation.fleet().slot(index).number();
    int matched = matchedTokens(situation, index);
    memory.remember(prefix, slot, situation.nowNanos());
    sentTokens.addAndGet(slot, prefix.promptTokens() - matched);
  }

  @Override
  public void updated(Fleet fleet, long nowNanos) {
    memory.grow();
  }

  private static boolean isImbalanced(Situation situation) {
    @Var int most = 0;
    @Var int least = Integer.MAX_VALUE;
    for (int index = 0; index < situation.fleet().size(); index++) {
      if (situation.isEligible(index)) {
        int inFlight = situation.fleet().slot(index).inFlight();
        most = Math.max(most, inFlight);
        least = Math.min(least, inFlight);
      }
    }
    return most - least > IMBALANCED_BY && most > IMBALANCED_TIMES * least;
  }
}
