package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.Decision.Source;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mechanism;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.fleet.Fleet;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Finds the replicas that are worth a look for a request. Immutable, thread-safe. */
final class Candidates {

  /*
   * They are the replica set of the placement key and the next in its order, the replicas that hold
   * the deepest anchors of the prompt, the session's replica, and the least loaded of this router's
   * slice: some ten, however large the fleet is.
   *
   * Finding the matches asks for each step from the deepest on, and notes for each replica the
   * first step it is found at: a step that everyone shares has more holders than an anchor keeps,
   * so a replica need not be named at every step it holds.
   *
   * Of a hot family the replicas of the key's order are taken to hold what its prompts share: its
   * first 1,024 tokens, hot deeper steps, and such a step. The few that the anchors name would
   * otherwise get all of the family as long as the fleet is idle; and one that does not have it yet
   * has it after one request. A match of up to twice that, of a request whose session is new, is
   * taken to be shared as well: between two steps of the ladder nobody knows.
   */
  private static final int MAX_SET_CANDIDATES = 16;
  private static final int MAX_HOLDERS = 8;
  private static final int MAX_STEPS_ASKED = 1024;
  private static final int MAX_SEARCHED = 256;

  private final PlacementConfig config;
  private final Fleet fleet;
  private final AnchorTable anchors;
  private final FamilyTable families;
  private final Liveness liveness;
  private final long seed;

  Candidates(
      PlacementConfig config,
      Fleet fleet,
      AnchorTable anchors,
      FamilyTable families,
      Liveness liveness,
      long seed) {
    this.config = config;
    this.fleet = fleet;
    this.anchors = anchors;
    this.families = families;
    this.liveness = liveness;
    this.seed = seed;
  }

  /** Adds the candidates, with the prompt tokens that each is known to hold. */
  void find(Task task) {
    int named = task.eligibility().firstOfClientsOrder();
    if (named >= 0) {
      task.deliberation().add(named, Deliberation.NONE, Source.EXPLICIT);
    } else if (task.eligibility().isNamed()) {
      addNamed(task);
    } else {
      addCandidates(task);
    }
  }

  private void addNamed(Task task) {
    for (int index = 0; index < fleet.size() && !task.deliberation().isFull(); index++) {
      if (task.eligibility().isEligible(index)) {
        task.deliberation().add(index, Deliberation.NONE, Source.EXPLICIT);
      }
    }
    if (task.affinity()) {
      match(task, false);
    }
  }

  private void addCandidates(Task task) {
    PlacementConfig.Confinement confinement = task.confinement();
    if (confinement != null) {
      addMembers(task, confinement);
      match(task, false);
      return;
    }
    if (task.affinity()) {
      addReplicaSet(task);
      match(task, true);
      addSessionHolder(task);
      presumeShared(task);
    }
    addLeastLoaded(task);
  }

  /** Adds the replica set of a family that nobody else may serve. */
  private void addMembers(Task task, PlacementConfig.Confinement confinement) {
    Deliberation deliberation = task.deliberation();
    place(task);
    if (confinement.named()) {
      addPinned(deliberation, Objects.requireNonNull(deliberation.entry));
      return;
    }
    int[] order = new int[fleet.placeableCount()];
    int found = fleet.firstOf(deliberation.key, order.length, order);
    for (int i = 0; i < found && deliberation.count() < deliberation.setSize; i++) {
      if (hasLabels(order[i], confinement) && !isOut(task, order[i])) {
        deliberation.add(order[i], deliberation.count(), Source.REPLICA_SET);
      }
    }
  }

  private boolean hasLabels(int index, PlacementConfig.Confinement confinement) {
    Map<String, String> own = fleet.report(index).identity().labels();
    return own.entrySet().containsAll(confinement.labels().entrySet());
  }

  /** Whether another member stands in for the replica: a busy one waits, a failing one cannot. */
  private boolean isOut(Task task, int index) {
    return task.request().unavailable().contains(fleet.report(index).id())
        || !fleet.slot(index).health().admits(task.now().nanos());
  }

  private void place(Task task) {
    Deliberation deliberation = task.deliberation();
    PlacementKey placed =
        PlacementKey.of(task.prefix(), task.settings(), config.prefix(), families);
    deliberation.key = placed.key();
    deliberation.entry = placed.entry();
    deliberation.setSize = setSize(placed.entry());
  }

  private void addReplicaSet(Task task) {
    PromptPrefix prefix = task.prefix();
    if (prefix.family() == 0) {
      return;
    }
    Deliberation deliberation = task.deliberation();
    place(task);
    if (deliberation.entry != null) {
      addPinned(deliberation, deliberation.entry);
    }
    addInOrder(task);
  }

  /**
   * Adds members from one drawn from the prompt on, so that equals share a hot family, and all
   * routers try the same one first.
   */
  private void addInOrder(Task task) {
    Deliberation deliberation = task.deliberation();
    int pinned = deliberation.count();
    int considered = Math.min(deliberation.setSize, MAX_SET_CANDIDATES) + 1;
    int[] order = new int[considered];
    int found = fleet.firstOf(deliberation.key, considered, order);
    int members = Math.min(found, Math.max(0, deliberation.setSize - pinned));
    int first =
        members == 0 ? 0 : (int) Long.remainderUnsigned(PrefixHasher.mix(0, lastOf(task)), members);
    for (int i = 0; i < found; i++) {
      int place = i < members ? (first + i) % members : i;
      Source source = place < members ? Source.REPLICA_SET : Source.NEXT;
      deliberation.add(order[place], pinned + place, source);
    }
  }

  private int setSize(FamilyTable.@Nullable Entry entry) {
    return entry != null ? entry.replicas() : Math.max(1, config.families().replicaSet());
  }

  private void addPinned(Deliberation deliberation, FamilyTable.Entry entry) {
    for (String id : entry.pinned()) {
      int index = fleet.indexOf(id);
      if (index >= 0 && deliberation.count() < deliberation.setSize) {
        deliberation.add(index, deliberation.count(), Source.REPLICA_SET);
      }
    }
  }

  /** Notes the deepest step that each replica holds; adds the holders when {@code adding}. */
  private void match(Task task, boolean adding) {
    if (!config.uses(Mechanism.ANCHORS)) {
      return;
    }
    PromptPrefix prefix = task.prefix();
    long oldestMillis = oldestMillis(task, Double.POSITIVE_INFINITY);
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
  private void presumeShared(Task task) {
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

  private void addSessionHolder(Task task) {
    if (task.request().session() == 0 || !config.uses(Mechanism.SESSIONS)) {
      return;
    }
    long[] holders = new long[AnchorTable.HOLDERS];
    @Var int latest = Liveness.NOBODY;
    @Var long latestMillis = oldestMillis(task, config.anchors().sessionTtlSeconds());
    if (anchors.holders(task.request().session(), holders)) {
      for (long holder : holders) {
        int index = liveness.replicaOf(holder, fleet);
        if (index != Liveness.NOBODY && AnchorTable.touchMillisOf(holder) > latestMillis) {
          latest = index;
          latestMillis = AnchorTable.touchMillisOf(holder);
        }
      }
    }
    if (latest != Liveness.NOBODY) {
      task.deliberation().sessionIsKnown = true;
      task.deliberation().add(latest, Deliberation.NONE, Source.SESSION);
      believeInSession(task, task.deliberation().positionOf(latest));
    }
  }

  /** Where no anchor says what the session's replica holds, half of the prompt is a fair guess. */
  private static void believeInSession(Task task, int position) {
    if (position != Deliberation.NONE && task.deliberation().matchedTokens(position) == 0) {
      task.deliberation().setMatchedTokens(position, task.prefix().promptTokens() / 2);
    }
  }

  /** The last touch that still counts, given how long touches count at most. */
  private static long oldestMillis(Task task, double ttlSeconds) {
    PlacementConfig.PinnedFamily settings = task.settings();
    double least = settings == null ? ttlSeconds : Math.min(ttlSeconds, settings.ttlSeconds());
    return least == Double.POSITIVE_INFINITY ? 0 : task.now().millis() - (long) (least * 1000);
  }

  /** The scan begins at a place drawn from the prompt, so that equals share the requests. */
  private void addLeastLoaded(Task task) {
    addLeastOf(task, fleet.shortList());
  }

  /** Adds the least loaded of {@code indexes} that is eligible, looking at 256 at most. */
  void addLeastOf(Task task, int[] indexes) {
    int count = Math.min(indexes.length, MAX_SEARCHED);
    int first = count == 0 ? 0 : (int) Long.remainderUnsigned(drawOf(task), indexes.length);
    @Var int least = -1;
    @Var double leastSeconds = Double.POSITIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      int index = indexes[(first + i) % indexes.length];
      double pending = fleet.pendingSeconds(index, task.now().nanos());
      if (pending < leastSeconds && task.eligibility().isEligible(index)) {
        least = index;
        leastSeconds = pending;
      }
    }
    if (least >= 0) {
      task.deliberation().add(least, Deliberation.NONE, Source.LEAST_WORK);
    }
  }

  /** Differs between routers, so that they do not herd. */
  private long drawOf(Task task) {
    return PrefixHasher.mix(seed, lastOf(task));
  }

  private static long lastOf(Task task) {
    PromptPrefix prefix = task.prefix();
    return prefix.stepCount() == 0
        ? prefix.promptTokens()
        : prefix.stepHash(prefix.stepCount() - 1);
  }
}
