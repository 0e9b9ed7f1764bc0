package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Decision.Source;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mechanism;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.fleet.Fleet;

/** Finds how much of a prompt the replicas hold. Immutable, thread-safe. */
final class Matches {

  /*
   * It asks for each step from the deepest on, and notes for each replica the first step it is
   * found at: a step that everyone shares has more holders than an anchor keeps, so a replica need
   * not be named at every step it holds.
   *
   * Of a hot family the replicas of the key's order are taken to hold what its prompts share: its
   * first 1,024 tokens, hot deeper steps, and such a step. The few that the anchors name would
   * otherwise get all of the family as long as the fleet is idle; and one that does not have it yet
   * has it after one request. A match of up to twice that, of a request whose session is new, is
   * taken to be shared as well: between two steps of the ladder nobody knows.
   */
  private static final int MAX_HOLDERS = 8;
  private static final int MAX_STEPS_ASKED = 1024;

  private final PlacementConfig config;
  private final Fleet fleet;
  private final AnchorTable anchors;
  private final FamilyTable families;
  private final Liveness liveness;

  Matches(
      PlacementConfig config,
      Fleet fleet,
      AnchorTable anchors,
      FamilyTable families,
      Liveness liveness) {
    this.config = config;
    this.fleet = fleet;
    this.anchors = anchors;
    this.families = families;
    this.liveness = liveness;
  }

  /** Notes the deepest step that each replica holds; adds the holders when {@code adding}. */
  void note(Task task, boolean adding) {
    if (!config.uses(Mechanism.ANCHORS)) {
      return;
    }
    PromptPrefix prefix = task.prefix();
    long oldestMillis = task.oldestMillis(Double.POSITIVE_INFINITY);
    long[] holders = new long[AnchorTable.HOLDERS];
    @Var int added = 0;
    @Var int asked = 0;
    @Var int fullAnchorTokens = 0;
    for (int step = prefix.stepCount() - 1; step >= 0 && asked < MAX_STEPS_ASKED; step--) {
      asked++;
      if (anchors.holders(prefix.stepHash(step), holders)) {
        int tokens = (step + 1) * prefix.stepTokens();
        @Var int live = 0;
        for (long holder : holders) {
          int index = liveness.replicaOf(holder, fleet);
          if (index != Liveness.NOBODY && AnchorTable.touchMillisOf(holder) >= oldestMillis) {
            live++;
            if (noteMatch(task, index, tokens, adding && added < MAX_HOLDERS)) {
              added++;
            }
          }
        }
        if (live == AnchorTable.HOLDERS) {
          fullAnchorTokens = Math.max(fullAnchorTokens, tokens);
        }
      }
    }
    task.deliberation().fullAnchorTokens = fullAnchorTokens;
  }

  /** The replicas that the key's order names hold what all prompts of a hot family share. */
  void presumeShared(Task task) {
    int hotTokens = PlacementKey.hotTokens(task.prefix(), config.prefix(), families);
    if (hotTokens == 0 || !config.uses(Mechanism.RANK_CREDITS)) {
      return;
    }
    Deliberation deliberation = task.deliberation();
    int deepest = deepestMatch(deliberation);
    boolean mayBeShared = deepest < 2 * hotTokens && !deliberation.sessionIsKnown;
    int shared = mayBeShared ? Math.max(hotTokens, deepest) : hotTokens;
    int tokens = Math.max(shared, deliberation.fullAnchorTokens);
    for (int position = 0; position < deliberation.count(); position++) {
      int usable = usable(deliberation.replica(position), tokens, task.prefix());
      if (deliberation.rank(position) != Deliberation.NONE
          && deliberation.matchedTokens(position) < usable) {
        deliberation.setMatchedTokens(position, usable);
      }
    }
  }

  private static int deepestMatch(Deliberation deliberation) {
    @Var int deepest = 0;
    for (int position = 0; position < deliberation.count(); position++) {
      deepest = Math.max(deepest, deliberation.matchedTokens(position));
    }
    return deepest;
  }

  /** Returns whether a replica became a candidate by this. */
  private boolean noteMatch(Task task, int index, int tokens, boolean adding) {
    Deliberation deliberation = task.deliberation();
    int before = deliberation.positionOf(index);
    if (before == Deliberation.NONE && !adding) {
      return false;
    }
    if (before != Deliberation.NONE && deliberation.matchedTokens(before) > 0) {
      return false;
    }
    deliberation.add(index, Deliberation.NONE, Source.ANCHOR);
    int position = deliberation.positionOf(index);
    if (position == Deliberation.NONE) {
      return false;
    }
    deliberation.setMatchedTokens(position, usable(index, tokens, task.prefix()));
    return before == Deliberation.NONE;
  }

  /** Of {@code tokens} matching ones, those in full blocks; the last prompt token is computed. */
  private int usable(int index, int tokens, PromptPrefix prefix) {
    int most = Math.min(tokens, prefix.promptTokens() - 1);
    int block = fleet.report(index).cache().blockSizeTokens();
    return block > 1 ? most / block * block : most;
  }
}
