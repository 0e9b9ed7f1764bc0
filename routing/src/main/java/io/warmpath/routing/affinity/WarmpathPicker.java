package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Decision;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Picker;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Policy;
import io.warmpath.routing.ReplicaBelief;
import io.warmpath.routing.fleet.Fleet;
import io.warmpath.routing.fleet.ReplicaSlot;
import io.warmpath.routing.fleet.SlotLease;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Picks over one published fleet. Thread-safe. */
final class WarmpathPicker implements Picker {

  /**
   * Another thread may take the place between decision and lease; then the decision is made anew,
   * and the last time the bound gives way.
   */
  private static final int MAX_DECISIONS = 4;

  private final Shared shared;
  private final Fleet fleet;
  private final FamilyTable families;
  private final Decider decider;

  WarmpathPicker(Shared shared, Fleet fleet, FamilyTable families, Decider decider) {
    this.shared = shared;
    this.fleet = fleet;
    this.families = families;
    this.decider = decider;
  }

  @Override
  public PickResult pick(PickRequest request) {
    PlacementConfig.Mode mode = mode(request);
    @Var Deliberation deliberation = decide(request, mode == PlacementConfig.Mode.ENFORCED);
    for (int decision = 1; deliberation.chosen != Deliberation.NONE; decision++) {
      SlotLease lease = tryLease(request, deliberation, decision >= MAX_DECISIONS);
      if (lease != null) {
        count(request, deliberation, mode);
        return new PickResult.Assigned(lease);
      }
      if (decision >= MAX_DECISIONS) {
        break;
      }
      deliberation = decide(request, mode == PlacementConfig.Mode.ENFORCED);
    }
    shared.counters().rejected.increment();
    return new PickResult.Rejected(
        deliberation.refusal == null ? PickResult.Rejected.Reason.OVERLOADED : deliberation.refusal,
        deliberation.retryAfterSeconds);
  }

  @Override
  public Decision explain(PickRequest request) {
    boolean affinity = mode(request) != PlacementConfig.Mode.OFF;
    Deliberation deliberation = decide(request, affinity);
    FamilyTable.Entry entry = deliberation.entry;
    int chosen = deliberation.chosen;
    boolean refused = chosen == Deliberation.NONE;
    return new Decision(
        Policy.WARMPATH.id(),
        request.prefix().promptTokens(),
        request.prefix().stepCount(),
        request.prefix().family(),
        entry == null ? 0 : entry.requestShare(),
        entry == null ? 0 : entry.workShare(),
        deliberation.setSize,
        deliberation.boundSeconds,
        candidates(deliberation),
        refused ? null : fleet.report(deliberation.replica(chosen)).id(),
        refused ? null : deliberation.reason,
        deliberation.isSpill(),
        deliberation.refusal,
        deliberation.limitSeconds,
        request.sort());
  }

  private PlacementConfig.Mode mode(PickRequest request) {
    PlacementConfig.PinnedFamily settings = shared.config().settingsOf(request.prefix());
    return settings == null || settings.mode() == null ? shared.config().mode() : settings.mode();
  }

  @Override
  public @Nullable ReplicaBelief belief(String replicaId) {
    return fleet.belief(replicaId, shared.now().nanos());
  }

  private Deliberation decide(PickRequest request, boolean affinity) {
    return decider.decide(request, affinity, shared.now());
  }

  private @Nullable SlotLease tryLease(
      PickRequest request, Deliberation deliberation, boolean last) {
    int chosen = deliberation.chosen;
    int index = deliberation.replica(chosen);
    ReplicaSlot slot = fleet.slot(index);
    SlotLease.Grant grant =
        new SlotLease.Grant(
            fleet.report(index).identity(),
            fleet.report(index).epoch(),
            deliberation.reason,
            deliberation.matchedTokens(chosen),
            deliberation.prefillSeconds(chosen),
            deliberation.limitSeconds);
    boolean bounded = !last && deliberation.rejection(chosen) == null;
    double takeLimitSeconds = bounded ? deliberation.boundSeconds : Double.POSITIVE_INFINITY;
    FamilyTable.Entry entry = deliberation.entry;
    if (bounded
        && entry != null
        && entry.rateCapPerMinute() > 0
        && !shared
            .memory()
            .rateCaps()
            .tryCount(
                entry.key(), slot.number(), entry.rateCapPerMinute(), shared.now().millis())) {
      return null;
    }
    int rank = deliberation.rank(chosen);
    boolean anchored = deliberation.has(chosen, Decision.Source.ANCHOR);
    Remembering.Given given = given(request, deliberation);
    SlotLease lease =
        SlotLease.tryOpen(
            slot,
            grant,
            takeLimitSeconds,
            new Remembering(
                shared, request.prefix(), request.session(), slot, anchored, rank, given),
            shared.ticker());
    if (lease != null) {
      shared
          .memory()
          .work()
          .add(given.family(), slot.number(), given.workSeconds(), given.millis());
    }
    return lease;
  }

  private Remembering.Given given(PickRequest request, Deliberation deliberation) {
    PlacementConfig.PinnedFamily settings = shared.config().settingsOf(request.prefix());
    boolean confined = settings != null && settings.confinement() != null;
    return new Remembering.Given(
        confined ? request.prefix().family() : 0,
        deliberation.prefillSeconds(deliberation.chosen),
        shared.now().millis());
  }

  private void count(PickRequest request, Deliberation deliberation, PlacementConfig.Mode mode) {
    shared.counters().picked.increment();
    if (deliberation.isSpill()) {
      shared.counters().spilled.increment();
    }
    if (request.attempt() == 1) {
      shared.memory().named().note(request.prefix());
      PlacementKey.record(
          request.prefix(),
          shared.config().prefix(),
          families,
          shared.tape(),
          deliberation.prefillSeconds(deliberation.chosen));
    }
    if (mode == PlacementConfig.Mode.SHADOW) {
      compare(request, deliberation, decide(request, true));
    }
  }

  private void compare(PickRequest request, Deliberation actual, Deliberation shadow) {
    int went = actual.replica(actual.chosen);
    if (shadow.chosen == Deliberation.NONE || shadow.replica(shadow.chosen) != went) {
      shared.counters().shadowDisagreed.increment();
    }
    if (request.attempt() == 1 && shadow.chosen != Deliberation.NONE) {
      int position = shadow.positionOf(went);
      // Whoever is no candidate of affinity's has nothing cached that is known of.
      ShadowTally.Choice done =
          position == Deliberation.NONE ? choice(actual, actual.chosen) : choice(shadow, position);
      shared
          .counters()
          .shadow
          .add(request.prefix().promptTokens(), done, choice(shadow, shadow.chosen));
    }
  }

  private ShadowTally.Choice choice(Deliberation made, int position) {
    return new ShadowTally.Choice(
        fleet.report(made.replica(position)).id(),
        made.matchedTokens(position),
        made.prefillSeconds(position));
  }

  private List<Decision.Candidate> candidates(Deliberation deliberation) {
    List<Decision.Candidate> candidates = new ArrayList<>(deliberation.count());
    for (int position = 0; position < deliberation.count(); position++) {
      candidates.add(
          new Decision.Candidate(
              fleet.report(deliberation.replica(position)).id(),
              deliberation.rank(position),
              deliberation.matchedTokens(position),
              deliberation.pendingSeconds(position),
              deliberation.prefillSeconds(position),
              deliberation.costSeconds(position),
              deliberation.rejection(position),
              deliberation.sources(position)));
    }
    return candidates;
  }
}
