package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Decision.Rejection;
import io.warmpath.routing.Decision.Source;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mechanism;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.fleet.Eligibility;
import io.warmpath.routing.fleet.Fleet;
import org.jspecify.annotations.Nullable;

/**
 * Makes one decision over one fleet; changes nothing but the {@link Deliberation} it returns.
 * Immutable, thread-safe.
 */
final class Decider {

  /*
   * Candidates are the replica set of the placement key and the next in its order, the replicas
   * that hold the deepest anchors of the prompt, the session's replica, and the least loaded of
   * this router's slice. Each costs
   *
   *   J = Q + beta T(L - m)
   *
   * Q its pending work, T the time to compute the L - m prompt tokens it does not hold, and beta
   * how much more a second of own prefill matters than a second of waiting, since it delays all who
   * come after. The least J among those within the bound and the caps wins; if there is none, the
   * least J of all that may serve at all.
   *
   * The limit that goes with the request is the pending work at which the second best candidate
   * would have been as good.
   *
   * How long a request would wait is not its replica's pending work: the agent lets short and
   * cached prompts go first, and refuses by itself what would wait too long where it would stand.
   * So the router refuses only what has no hope, and judges the best placement alone: to look for a
   * worse one that waits less would give up the caches just when the fleet is short of capacity.
   *
   * Finding the matches asks for each step from the deepest on, and notes for each replica the
   * first step it is found at: a step that everyone shares has more holders than an anchor keeps,
   * so a replica need not be named at every step it holds.
   */
  private static final double HOPELESS_WAITS = 2;
  private static final int MAX_SET_CANDIDATES = 16;
  private static final int MAX_HOLDERS = 8;
  private static final int MAX_STEPS_ASKED = 1024;
  private static final int MAX_SEARCHED = 256;

  private final PlacementConfig config;
  private final Fleet fleet;
  private final Memory memory;
  private final FamilyTable families;
  private final Liveness liveness;
  private final double boundSeconds;
  private final long seed;

  /** What the data path remembers from view to view. */
  record Memory(AnchorTable anchors, RankCredits credits, RateCaps rateCaps) {}

  Decider(
      PlacementConfig config,
      Fleet fleet,
      Memory memory,
      FamilyTable families,
      Liveness liveness,
      double boundSeconds,
      long seed) {
    this.config = config;
    this.fleet = fleet;
    this.memory = memory;
    this.families = families;
    this.liveness = liveness;
    this.seed = seed;
    this.boundSeconds = boundSeconds;
  }

  /** Decides by affinity, or without it. */
  Deliberation decide(PickRequest request, boolean affinity, Moment now) {
    Deliberation deliberation = new Deliberation(fleet.size());
    Eligibility eligibility =
        new Eligibility(fleet, request, config.limits().saturation(), now.nanos());
    Task task = new Task(request, eligibility, deliberation, affinity, now);
    int named = eligibility.firstOfClientsOrder();
    if (named >= 0) {
      deliberation.add(named, Deliberation.NONE, Source.EXPLICIT);
    } else if (eligibility.isNamed()) {
      addNamed(task);
    } else {
      addCandidates(task);
    }
    evaluate(task);
    choose(task);
    return deliberation;
  }

  /** One decision's inputs and result, to hand around. */
  private record Task(
      PickRequest request,
      Eligibility eligibility,
      Deliberation deliberation,
      boolean affinity,
      Moment now) {

    PromptPrefix prefix() {
      return request.prefix();
    }
  }

  private void addNamed(Task task) {
    for (int index = 0; index < fleet.size() && !task.deliberation.isFull(); index++) {
      if (task.eligibility.isEligible(index)) {
        task.deliberation.add(index, Deliberation.NONE, Source.EXPLICIT);
      }
    }
    if (task.affinity) {
      match(task, false);
    }
  }

  private void addCandidates(Task task) {
    if (task.affinity) {
      addReplicaSet(task);
      match(task, true);
      addSessionHolder(task);
    }
    addLeastLoaded(task);
  }

  private void addReplicaSet(Task task) {
    PromptPrefix prefix = task.prefix();
    if (prefix.family() == 0) {
      return;
    }
    Deliberation deliberation = task.deliberation;
    PlacementKey placed = PlacementKey.of(prefix, config.prefix(), families);
    deliberation.key = placed.key();
    deliberation.entry = placed.entry();
    deliberation.setSize = setSize(placed.entry());
    if (placed.entry() != null) {
      addPinned(deliberation, placed.entry());
    }
    int considered = Math.min(deliberation.setSize, MAX_SET_CANDIDATES) + 1;
    int[] order = new int[considered];
    int found = fleet.firstOf(placed.key(), considered, order);
    for (int rank = 0; rank < found; rank++) {
      Source source = rank < deliberation.setSize ? Source.REPLICA_SET : Source.NEXT;
      deliberation.add(order[rank], deliberation.count(), source);
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
    long[] holders = new long[AnchorTable.HOLDERS];
    @Var int added = 0;
    @Var int asked = 0;
    for (int step = prefix.stepCount() - 1; step >= 0 && asked < MAX_STEPS_ASKED; step--) {
      asked++;
      if (memory.anchors.holders(prefix.stepHash(step), holders)) {
        int tokens = (step + 1) * prefix.stepTokens();
        for (long holder : holders) {
          int index = liveness.replicaOf(holder, fleet);
          if (index != Liveness.NOBODY
              && noteMatch(task, index, tokens, adding && added < MAX_HOLDERS)) {
            added++;
          }
        }
      }
    }
  }

  /** Returns whether a replica became a candidate by this. */
  private boolean noteMatch(Task task, int index, int tokens, boolean adding) {
    Deliberation deliberation = task.deliberation;
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
    if (task.request.session() == 0 || !config.uses(Mechanism.SESSIONS)) {
      return;
    }
    long[] holders = new long[AnchorTable.HOLDERS];
    @Var int latest = Liveness.NOBODY;
    @Var long latestMillis = task.now.millis() - sessionTtlMillis();
    if (memory.anchors.holders(task.request.session(), holders)) {
      for (long holder : holders) {
        int index = liveness.bornReplicaOf(holder, fleet);
        if (index != Liveness.NOBODY && AnchorTable.touchMillisOf(holder) > latestMillis) {
          latest = index;
          latestMillis = AnchorTable.touchMillisOf(holder);
        }
      }
    }
    if (latest != Liveness.NOBODY) {
      task.deliberation.add(latest, Deliberation.NONE, Source.SESSION);
    }
  }

  private long sessionTtlMillis() {
    return (long) (config.anchors().sessionTtlSeconds() * 1000);
  }

  /** The scan begins at a place drawn from the prompt, so that equals share the requests. */
  private void addLeastLoaded(Task task) {
    addLeastOf(task, fleet.shortList());
  }

  private boolean addLeastOf(Task task, int[] indexes) {
    int count = Math.min(indexes.length, MAX_SEARCHED);
    int first = count == 0 ? 0 : (int) Long.remainderUnsigned(drawOf(task), indexes.length);
    @Var int least = -1;
    @Var double leastSeconds = Double.POSITIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      int index = indexes[(first + i) % indexes.length];
      double pending = fleet.pendingSeconds(index, task.now.nanos());
      if (pending < leastSeconds && task.eligibility.isEligible(index)) {
        least = index;
        leastSeconds = pending;
      }
    }
    if (least >= 0) {
      task.deliberation.add(least, Deliberation.NONE, Source.LEAST_WORK);
    }
    return least >= 0;
  }

  private long drawOf(Task task) {
    PromptPrefix prefix = task.prefix();
    long last =
        prefix.stepCount() == 0 ? prefix.promptTokens() : prefix.stepHash(prefix.stepCount() - 1);
    return io.warmpath.hashing.PrefixHasher.mix(seed, last);
  }

  private void evaluate(Task task) {
    task.deliberation.boundSeconds = task.affinity ? boundSeconds : Double.POSITIVE_INFINITY;
    for (int position = 0; position < task.deliberation.count(); position++) {
      evaluate(task, position);
    }
  }

  private void evaluate(Task task, int position) {
    Deliberation deliberation = task.deliberation;
    int index = deliberation.replica(position);
    int promptTokens = task.prefix().promptTokens();
    if (task.affinity
        && deliberation.matchedTokens(position) == 0
        && config.uses(Mechanism.RANK_CREDITS)) {
      int credit = memory.credits.tokens(deliberation.rank(position), promptTokens);
      deliberation.setMatchedTokens(position, credit);
    }
    double pending = fleet.pendingSeconds(index, task.now.nanos());
    double prefill =
        fleet.prefillSeconds(index, promptTokens - deliberation.matchedTokens(position));
    double weight = task.affinity ? config.prefillWeight() : 1;
    deliberation.setCost(position, pending, prefill, pending + weight * prefill);
    Rejection hard = task.eligibility.rejection(index);
    deliberation.reject(position, hard != null ? hard : softRejection(task, position));
  }

  /** Reasons that give way when nobody is without. */
  private @Nullable Rejection softRejection(Task task, int position) {
    Deliberation deliberation = task.deliberation;
    if (deliberation.has(position, Source.EXPLICIT)) {
      return null;
    }
    if (deliberation.pendingSeconds(position) > deliberation.boundSeconds) {
      return Rejection.OVER_BOUND;
    }
    FamilyTable.Entry entry = deliberation.entry;
    if (entry == null) {
      return null;
    }
    int index = deliberation.replica(position);
    if (config.uses(Mechanism.TRAFFIC_CAP) && reportedShare(index, entry) > entry.trafficCap()) {
      return Rejection.TRAFFIC_CAP;
    }
    double rateCap = entry.rateCapPerMinute();
    if (rateCap > 0) {
      int slot = fleet.slot(index).number();
      long count = memory.rateCaps.count(entry.key(), slot, task.now.millis());
      if (count + 1 > rateCap) {
        return Rejection.RATE_CAP;
      }
    }
    return null;
  }

  private double reportedShare(int index, FamilyTable.Entry entry) {
    for (ReplicaReport.FamilyShare share : fleet.report(index).families()) {
      if (share.family() == entry.key()) {
        return share.workShare();
      }
    }
    return 0;
  }

  private void choose(Task task) {
    Deliberation deliberation = task.deliberation;
    double maxWaitSeconds = config.limits().maxQueueWaitSeconds();
    @Var int chosen = cheapest(deliberation, false);
    if (chosen == Deliberation.NONE) {
      chosen = cheapest(deliberation, true);
    }
    if (chosen == Deliberation.NONE && !task.eligibility.isNamed()) {
      chosen = searchFurther(task);
    }
    if (chosen == Deliberation.NONE
        || deliberation.pendingSeconds(chosen) > HOPELESS_WAITS * maxWaitSeconds) {
      refuse(task, maxWaitSeconds);
      return;
    }
    deliberation.chosen = chosen;
    deliberation.reason = reason(task, chosen);
    deliberation.limitSeconds = limitSeconds(task, chosen);
  }

  /** Returns the candidate of least cost, or {@link Deliberation#NONE}. */
  private static int cheapest(Deliberation deliberation, boolean softlyRejected) {
    @Var int best = Deliberation.NONE;
    for (int position = 0; position < deliberation.count(); position++) {
      Rejection rejection = deliberation.rejection(position);
      boolean allowed = rejection == null || (softlyRejected && isSoft(rejection));
      if (allowed
          && (best == Deliberation.NONE
              || deliberation.costSeconds(position) < deliberation.costSeconds(best))) {
        best = position;
      }
    }
    return best;
  }

  private static boolean isSoft(Rejection rejection) {
    return switch (rejection) {
      case OVER_BOUND, TRAFFIC_CAP, RATE_CAP -> true;
      case SATURATED, DRAINING, EJECTED, NOT_READY, EXCLUDED -> false;
    };
  }

  /** No candidate will do: looks at the rest of the fleet for the least loaded. */
  private int searchFurther(Task task) {
    Deliberation deliberation = task.deliberation;
    int before = deliberation.count();
    addLeastOf(task, fleet.placeableIndexes());
    if (deliberation.count() == before) {
      return Deliberation.NONE;
    }
    evaluate(task, before);
    return cheapest(deliberation, true);
  }

  private void refuse(Task task, double maxWaitSeconds) {
    Deliberation deliberation = task.deliberation;
    @Var double leastSeconds = Double.POSITIVE_INFINITY;
    for (int position = 0; position < deliberation.count(); position++) {
      Rejection rejection = deliberation.rejection(position);
      if (rejection == null || isSoft(rejection)) {
        leastSeconds = Math.min(leastSeconds, deliberation.pendingSeconds(position));
      }
    }
    if (leastSeconds < Double.POSITIVE_INFINITY) {
      deliberation.refusal = PickResult.Rejected.Reason.OVERLOADED;
      deliberation.retryAfterSeconds = leastSeconds - maxWaitSeconds;
    } else {
      deliberation.refusal = task.eligibility.refusal();
    }
  }

  private static PickReason reason(Task task, int chosen) {
    Deliberation deliberation = task.deliberation;
    if (deliberation.has(chosen, Source.EXPLICIT)) {
      return PickReason.EXPLICIT;
    }
    if (!task.affinity) {
      return PickReason.LEAST_WORK;
    }
    if (deliberation.has(chosen, Source.ANCHOR)) {
      return PickReason.CACHED_PREFIX;
    }
    if (deliberation.has(chosen, Source.SESSION)) {
      return PickReason.SESSION;
    }
    if (deliberation.has(chosen, Source.REPLICA_SET)) {
      return PickReason.REPLICA_SET;
    }
    return deliberation.key == 0 ? PickReason.LEAST_WORK : PickReason.SPILL;
  }

  private double limitSeconds(Task task, int chosen) {
    Deliberation deliberation = task.deliberation;
    if (!config.uses(Mechanism.VALIDATED_PLACEMENT)
        || task.request.attempt() >= config.limits().maxAttempts()
        || deliberation.has(chosen, Source.EXPLICIT)) {
      return Double.POSITIVE_INFINITY;
    }
    @Var double secondBest = Double.POSITIVE_INFINITY;
    for (int position = 0; position < deliberation.count(); position++) {
      Rejection rejection = deliberation.rejection(position);
      if (position != chosen && (rejection == null || isSoft(rejection))) {
        secondBest = Math.min(secondBest, deliberation.costSeconds(position));
      }
    }
    double chosenWithoutQueue =
        deliberation.costSeconds(chosen) - deliberation.pendingSeconds(chosen);
    return Math.max(secondBest - chosenWithoutQueue, deliberation.pendingSeconds(chosen));
  }
}
