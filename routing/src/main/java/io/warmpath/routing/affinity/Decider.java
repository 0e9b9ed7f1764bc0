package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Decision.Rejection;
import io.warmpath.routing.Decision.Source;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PlacementConfig.Mechanism;
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
   * Each candidate (see Candidates) costs
   *
   *   J = Q + beta T(L - m)
   *
   * Q its pending work, T the time to compute the L - m prompt tokens it does not hold, and beta
   * how much more a second of own prefill matters than a second of waiting, since it delays all who
   * come after. The least J among those within the bound and the caps wins; if there is none, the
   * least J of all that may serve at all.
   *
   * The limit that goes with the request is the pending work at which the second best candidate
   * would have been as good. As long as there are tries left, asking costs next to nothing and a
   * refusal makes a belief certain. So candidates are asked in the order of what they may well be,
   * not of what they are likely to be, and the first whose truth is no worse than the best hope
   * left is taken: the rule for opening boxes of unknown content at little cost (Weitzman, Optimal
   * Search for the Best Alternative, Econometrica 1979). The last try goes by what is likely,
   * without a limit.
   *
   * A client that asks for the least latency or the most throughput is served by the same rule with
   * another beta, 1 or 0, over all that may serve, and without the bound: the session and what the
   * requests after this one need do not count.
   */
  /**
   * Replicas let short requests overtake long ones and refuse those that would wait too long by
   * themselves; a router that refused by all that is pending would refuse short ones needlessly. So
   * it refuses without asking only at so many times the wait.
   */
  private static final double CERTAINLY_TOO_LONG = 2;

  /** A confined family's share of a member's work, of its cap, from which others are preferred. */
  private static final double NEAR_CAP = 0.7;

  /** The same from which a hard cap refuses: the next ten seconds differ from the last ten. */
  private static final double AT_CAP = 0.85;

  private final PlacementConfig config;
  private final Fleet fleet;
  private final Memory memory;
  private final Candidates candidates;
  private final double boundSeconds;

  /** What the data path remembers from view to view. */
  record Memory(
      AnchorTable anchors,
      RankCredits credits,
      RateCaps rateCaps,
      NamedFamilies named,
      WorkWindows work) {}

  Decider(
      PlacementConfig config,
      Fleet fleet,
      Memory memory,
      Candidates candidates,
      double boundSeconds) {
    this.config = config;
    this.fleet = fleet;
    this.memory = memory;
    this.candidates = candidates;
    this.boundSeconds = boundSeconds;
  }

  /** Decides by affinity, or without it. */
  Deliberation decide(PickRequest request, boolean affinity, Moment now) {
    Deliberation deliberation = new Deliberation(fleet.size());
    Eligibility eligibility =
        new Eligibility(fleet, request, config.limits().saturation(), now.nanos());
    Task task =
        new Task(
            request, config.settingsOf(request.prefix()), eligibility, deliberation, affinity, now);
    candidates.find(task);
    evaluate(task);
    choose(task);
    return deliberation;
  }

  private void evaluate(Task task) {
    boolean bounded = task.affinity() && task.sort() == null;
    task.deliberation().boundSeconds = bounded ? boundSeconds : Double.POSITIVE_INFINITY;
    for (int position = 0; position < task.deliberation().count(); position++) {
      evaluate(task, position);
    }
  }

  private void evaluate(Task task, int position) {
    Deliberation deliberation = task.deliberation();
    int index = deliberation.replica(position);
    int promptTokens = task.prefix().promptTokens();
    if (task.affinity()
        && deliberation.matchedTokens(position) == 0
        && config.uses(Mechanism.RANK_CREDITS)) {
      int credit = memory.credits.tokens(deliberation.rank(position), promptTokens);
      deliberation.setMatchedTokens(position, credit);
    }
    double pending = fleet.pendingSeconds(index, task.now().nanos());
    double prefill =
        fleet.prefillSeconds(index, promptTokens - deliberation.matchedTokens(position));
    double queue =
        mayBeRefused(task)
            ? fleet.slot(index).pendingWork().optimisticSeconds(task.now().nanos())
            : pending;
    deliberation.setCost(position, pending, prefill, queue + weight(task) * prefill);
    Rejection hard = task.eligibility().rejection(index);
    deliberation.reject(position, hard != null ? hard : softRejection(task, position));
    PlacementConfig.Confinement confinement = task.confinement();
    if (hard == null && confinement != null) {
      capConfined(task, confinement, position);
    }
  }

  /** Reasons that give way when nobody is without. */
  private @Nullable Rejection softRejection(Task task, int position) {
    Deliberation deliberation = task.deliberation();
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
    if (config.uses(Mechanism.TRAFFIC_CAP)
        && !task.isConfined()
        && reportedShare(index, entry) > entry.trafficCap()) {
      return Rejection.TRAFFIC_CAP;
    }
    double rateCap = entry.rateCapPerMinute();
    if (rateCap > 0) {
      int slot = fleet.slot(index).number();
      long count = memory.rateCaps.count(entry.key(), slot, task.now().millis());
      if (count + 1 > rateCap) {
        return Rejection.RATE_CAP;
      }
    }
    return null;
  }

  /*
   * A family that only its set may serve cannot spill, so its cap is kept within the set: members
   * near the cap are passed over, and when all are, the one with the smallest share takes the
   * request. Where the cap is a hard one, a member that has reached it takes nothing more.
   */
  private void capConfined(Task task, PlacementConfig.Confinement confinement, int position) {
    Deliberation deliberation = task.deliberation();
    FamilyTable.Entry entry = deliberation.entry;
    if (entry == null || !config.uses(Mechanism.TRAFFIC_CAP)) {
      return;
    }
    WorkWindows.Recent recent =
        memory.work.recent(
            entry.key(), fleet.slot(deliberation.replica(position)).number(), task.now().millis());
    double share = recent.shareWith(deliberation.prefillSeconds(position));
    deliberation.setFamilyShare(position, share);
    if (confinement.hardCap() && share > AT_CAP * entry.trafficCap()) {
      deliberation.reject(position, Rejection.FAMILY_CAP);
    } else if (share > NEAR_CAP * entry.trafficCap() && deliberation.rejection(position) == null) {
      deliberation.reject(position, Rejection.TRAFFIC_CAP);
    }
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
    Deliberation deliberation = task.deliberation();
    double maxWaitSeconds = CERTAINLY_TOO_LONG * config.limits().maxQueueWaitSeconds();
    @Var int chosen = cheapest(deliberation, maxWaitSeconds, false);
    if (chosen == Deliberation.NONE) {
      chosen =
          task.isConfined()
              ? leastShared(deliberation, maxWaitSeconds)
              : cheapest(deliberation, maxWaitSeconds, true);
    }
    if (chosen == Deliberation.NONE && !task.eligibility().isNamed() && !task.isConfined()) {
      chosen = searchFurther(task, maxWaitSeconds);
    }
    if (chosen == Deliberation.NONE) {
      refuse(task, config.limits().maxQueueWaitSeconds());
      return;
    }
    deliberation.chosen = chosen;
    deliberation.reason = reason(task, chosen);
    deliberation.limitSeconds = limitSeconds(task, chosen);
  }

  /**
   * Returns the candidate of least cost that waits at most so long, or {@link Deliberation#NONE}.
   */
  private static int cheapest(
      Deliberation deliberation, double maxWaitSeconds, boolean softlyRejected) {
    @Var int best = Deliberation.NONE;
    for (int position = 0; position < deliberation.count(); position++) {
      if (isAllowed(deliberation.rejection(position), softlyRejected)
          && deliberation.pendingSeconds(position) <= maxWaitSeconds
          && (best == Deliberation.NONE
              || deliberation.costSeconds(position) < deliberation.costSeconds(best))) {
        best = position;
      }
    }
    return best;
  }

  /** The same among the members of a set: the one whose work has the least of the family. */
  private static int leastShared(Deliberation deliberation, double maxWaitSeconds) {
    @Var int best = Deliberation.NONE;
    for (int position = 0; position < deliberation.count(); position++) {
      if (isAllowed(deliberation.rejection(position), true)
          && deliberation.pendingSeconds(position) <= maxWaitSeconds
          && (best == Deliberation.NONE
              || deliberation.familyShare(position) < deliberation.familyShare(best))) {
        best = position;
      }
    }
    return best;
  }

  private static boolean isAllowed(@Nullable Rejection rejection, boolean softlyRejected) {
    return switch (rejection) {
      case null -> true;
      case OVER_BOUND, TRAFFIC_CAP, RATE_CAP -> softlyRejected;
      case SATURATED, FAMILY_CAP, DRAINING, EJECTED, NOT_READY, EXCLUDED -> false;
    };
  }

  /** No candidate will do: looks at the rest of the fleet for the least loaded. */
  private int searchFurther(Task task, double maxWaitSeconds) {
    Deliberation deliberation = task.deliberation();
    int before = deliberation.count();
    candidates.addLeastOf(task, fleet.placeableIndexes());
    if (deliberation.count() == before) {
      return Deliberation.NONE;
    }
    evaluate(task, before);
    return cheapest(deliberation, maxWaitSeconds, true);
  }

  private void refuse(Task task, double maxWaitSeconds) {
    Deliberation deliberation = task.deliberation();
    @Var double leastSeconds = Double.POSITIVE_INFINITY;
    for (int position = 0; position < deliberation.count(); position++) {
      if (isAllowed(deliberation.rejection(position), true)) {
        leastSeconds = Math.min(leastSeconds, deliberation.pendingSeconds(position));
      }
    }
    if (leastSeconds < Double.POSITIVE_INFINITY) {
      deliberation.refusal = PickResult.Rejected.Reason.OVERLOADED;
      deliberation.retryAfterSeconds = leastSeconds - maxWaitSeconds;
    } else {
      deliberation.refusal = task.eligibility().refusal();
    }
  }

  private static PickReason reason(Task task, int chosen) {
    Deliberation deliberation = task.deliberation();
    if (task.sort() != null || deliberation.has(chosen, Source.EXPLICIT)) {
      return PickReason.EXPLICIT;
    }
    if (!task.affinity()) {
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

  /** Whether this try carries a limit, so that a wrong belief costs a refusal only. */
  private boolean mayBeRefused(Task task) {
    return config.uses(Mechanism.VALIDATED_PLACEMENT)
        && task.request().attempt() < config.limits().maxAttempts();
  }

  private double limitSeconds(Task task, int chosen) {
    Deliberation deliberation = task.deliberation();
    if (!mayBeRefused(task) || deliberation.has(chosen, Source.EXPLICIT)) {
      return Double.POSITIVE_INFINITY;
    }
    boolean fallback = deliberation.rejection(chosen) != null;
    @Var double secondBest = Double.POSITIVE_INFINITY;
    for (int position = 0; position < deliberation.count(); position++) {
      if (position != chosen && isAllowed(deliberation.rejection(position), fallback)) {
        secondBest = Math.min(secondBest, deliberation.costSeconds(position));
      }
    }
    return Math.max(0, secondBest - weight(task) * deliberation.prefillSeconds(chosen));
  }

  private double weight(Task task) {
    return switch (task.sort()) {
      case null -> task.affinity() ? config.prefillWeight() : 1;
      case LATENCY -> 1;
      case THROUGHPUT -> 0;
    };
  }
}
