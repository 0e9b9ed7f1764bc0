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
   */
  private static final int MAX_SET_CANDIDATES = 16;
  private static final int MAX_SEARCHED = 256;

  private final PlacementConfig config;
  private final Fleet fleet;
  private final AnchorTable anchors;
  private final FamilyTable families;
  private final Liveness liveness;
  private final Matches matches;
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
    this.matches = new Matches(config, fleet, anchors, families, liveness);
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
      matches.note(task, false);
    }
  }

  private void addCandidates(Task task) {
    PlacementConfig.Confinement confinement = task.confinement();
    if (confinement != null) {
      addMembers(task, confinement);
      matches.note(task, false);
      return;
    }
    if (task.affinity()) {
      addReplicaSet(task);
      matches.note(task, true);
      if (task.sort() == null) {
        addSessionHolder(task);
      }
      matches.presumeShared(task);
    }
    if (task.sort() == null) {
      addLeastLoaded(task);
    } else {
      addOthers(task);
    }
  }

  /**
   * Adds whoever else may serve, the least loaded of this router's slice first: in a fleet of up to
   * 64 replicas all of them are compared.
   */
  private void addOthers(Task task) {
    addEligible(task, fleet.shortList());
    addEligible(task, fleet.placeableIndexes());
    if (task.affinity()) {
      matches.note(task, false);
    }
  }

  private void addEligible(Task task, int[] indexes) {
    int first = placeToBegin(task, indexes);
    for (int i = 0; i < indexes.length && !task.deliberation().isFull(); i++) {
      int index = indexes[(first + i) % indexes.length];
      if (task.eligibility().isEligible(index)) {
        task.deliberation().add(index, Deliberation.NONE, Source.LEAST_WORK);
      }
    }
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

  private void addSessionHolder(Task task) {
    if (task.request().session() == 0 || !config.uses(Mechanism.SESSIONS)) {
      return;
    }
    long[] holders = new long[AnchorTable.HOLDERS];
    @Var int latest = Liveness.NOBODY;
    @Var long latestMillis = task.oldestMillis(config.anchors().sessionTtlSeconds());
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

  /** The scan begins at a place drawn from the prompt, so that equals share the requests. */
  private void addLeastLoaded(Task task) {
    addLeastOf(task, fleet.shortList());
  }

  /** Adds the least loaded of {@code indexes} that is eligible, looking at 256 at most. */
  void addLeastOf(Task task, int[] indexes) {
    int count = Math.min(indexes.length, MAX_SEARCHED);
    int first = placeToBegin(task, indexes);
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
  private int placeToBegin(Task task, int[] indexes) {
    return indexes.length == 0
        ? 0
        : (int) Long.remainderUnsigned(PrefixHasher.mix(seed, lastOf(task)), indexes.length);
  }

  private static long lastOf(Task task) {
    PromptPrefix prefix = task.prefix();
    return prefix.stepCount() == 0
        ? prefix.promptTokens()
        : prefix.stepHash(prefix.stepCount() - 1);
  }
}
