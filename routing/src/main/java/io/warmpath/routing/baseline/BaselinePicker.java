package io.warmpath.routing.baseline;

import io.warmpath.routing.Decision;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import io.warmpath.routing.Picker;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.ReplicaBelief;
import io.warmpath.routing.Ticker;
import io.warmpath.routing.fleet.Eligibility;
import io.warmpath.routing.fleet.Fleet;
import io.warmpath.routing.fleet.ReplicaSlot;
import io.warmpath.routing.fleet.SlotLease;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Picks by one {@link Rule} over one fleet. */
final class BaselinePicker implements Picker {

  private static final int NONE = -1;

  /** Another thread may take the place between choice and lease; then the rule chooses again. */
  private static final int MAX_CHOICES = 8;

  private final Rule rule;
  private final Fleet fleet;
  private final PlacementConfig config;
  private final Ticker ticker;
  private final Counters counters;

  BaselinePicker(Rule rule, Fleet fleet, PlacementConfig config, Ticker ticker, Counters counters) {
    this.rule = rule;
    this.fleet = fleet;
    this.config = config;
    this.ticker = ticker;
    this.counters = counters;
  }

  @Override
  public PickResult pick(PickRequest request) {
    for (int choice = 0; choice < MAX_CHOICES; choice++) {
      Rule.Situation situation = situation(request);
      int index = choose(situation);
      if (index == NONE) {
        counters.rejected.increment();
        return new PickResult.Rejected(situation.eligibility().refusal(), 0);
      }
      SlotLease lease = tryLease(situation, index);
      if (lease != null) {
        rule.placed(situation, index);
        counters.picked.increment();
        return new PickResult.Assigned(lease);
      }
    }
    counters.rejected.increment();
    return new PickResult.Rejected(PickResult.Rejected.Reason.OVERLOADED, 0);
  }

  @Override
  public @Nullable ReplicaBelief belief(String replicaId) {
    return fleet.belief(replicaId, ticker.nanos());
  }

  @Override
  public Decision explain(PickRequest request) {
    Rule.Situation situation = situation(request);
    int index = choose(situation);
    boolean refused = index == NONE;
    return new Decision(
        rule.name(),
        request.prefix().promptTokens(),
        request.prefix().stepCount(),
        request.prefix().family(),
        0,
        0,
        0,
        Double.POSITIVE_INFINITY,
        refused ? List.of() : List.of(candidate(situation, index)),
        refused ? null : fleet.report(index).id(),
        refused ? null : reason(situation, index),
        false,
        refused ? situation.eligibility().refusal() : null,
        Double.POSITIVE_INFINITY,
        request.sort());
  }

  private Rule.Situation situation(PickRequest request) {
    long nowNanos = ticker.nanos();
    Eligibility eligibility =
        new Eligibility(fleet, request, config.limits().saturation(), nowNanos);
    return new Rule.Situation(fleet, request, eligibility, nowNanos);
  }

  private int choose(Rule.Situation situation) {
    int named = situation.eligibility().firstOfClientsOrder();
    if (named >= 0) {
      return named;
    }
    return switch (situation.request().sort()) {
      case null -> rule.choose(situation);
      case LATENCY ->
          Choice.least(
              situation,
              index -> pendingSeconds(situation, index) + prefillSeconds(situation, index));
      case THROUGHPUT -> Choice.least(situation, index -> pendingSeconds(situation, index));
    };
  }

  private double pendingSeconds(Rule.Situation situation, int index) {
    return fleet.pendingSeconds(index, situation.nowNanos());
  }

  private double prefillSeconds(Rule.Situation situation, int index) {
    int matched = rule.matchedTokens(situation, index);
    return fleet.prefillSeconds(index, situation.prefix().promptTokens() - matched);
  }

  private static PickReason reason(Rule.Situation situation, int index) {
    return situation.request().sort() != null
            || situation.eligibility().isNamed()
            || situation.eligibility().firstOfClientsOrder() == index
        ? PickReason.EXPLICIT
        : PickReason.BASELINE;
  }

  private @Nullable SlotLease tryLease(Rule.Situation situation, int index) {
    ReplicaSlot slot = fleet.slot(index);
    PromptPrefix prefix = situation.prefix();
    int matched = rule.matchedTokens(situation, index);
    SlotLease.Grant grant =
        new SlotLease.Grant(
            fleet.report(index).identity(),
            fleet.report(index).epoch(),
            reason(situation, index),
            matched,
            fleet.prefillSeconds(index, prefix.promptTokens() - matched),
            Double.POSITIVE_INFINITY);
    return SlotLease.tryOpen(
        slot,
        grant,
        Double.POSITIVE_INFINITY,
        new RuleObserver(rule, prefix, slot, counters),
        ticker);
  }

  private Decision.Candidate candidate(Rule.Situation situation, int index) {
    int matched = rule.matchedTokens(situation, index);
    double pending = pendingSeconds(situation, index);
    double prefill = prefillSeconds(situation, index);
    return new Decision.Candidate(
        fleet.report(index).id(),
        NONE,
        matched,
        pending,
        prefill,
        pending + prefill,
        null,
        Set.of());
  }

  /** Events, counted. */
  static final class Counters {
    final LongAdder picked = new LongAdder();
    final LongAdder rejected = new LongAdder();
    final LongAdder refused = new LongAdder();
  }

  /** Tells the rule how a lease goes on. */
  private record RuleObserver(Rule rule, PromptPrefix prefix, ReplicaSlot slot, Counters counters)
      implements SlotLease.Observer {

    @Override
    public void cached() {
      rule.cached(prefix, slot.number());
    }

    @Override
    public void closed(Lease.Outcome outcome) {
      if (outcome instanceof Lease.Outcome.Refused) {
        counters.refused.increment();
      }
      rule.closed(prefix, slot.number(), outcome);
    }
  }
}
