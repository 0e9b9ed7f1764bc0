package io.warmpath.routing.fleet;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Decision;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PickResult;
import org.jspecify.annotations.Nullable;

/**
 * Which replicas of a fleet may take one request at all, whatever the policy. Made for one
 * decision; not thread-safe.
 */
public final class Eligibility {

  private final Fleet fleet;
  private final long nowNanos;
  private final double saturation;
  private final PickRequest.@Nullable Constraints constraints;

  /** By replica, whether it is ruled out by name; null when nobody is. */
  private final boolean @Nullable [] ruledOut;

  /** Evaluates {@code request}; replicas at {@code saturation} or more take nothing. */
  public Eligibility(Fleet fleet, PickRequest request, double saturation, long nowNanos) {
    this.fleet = fleet;
    this.nowNanos = nowNanos;
    this.saturation = saturation;
    this.constraints = request.constraints();
    this.ruledOut = ruledOut(fleet, request);
  }

  /** Returns why replica {@code index} may not take the request, or null when it may. */
  public Decision.@Nullable Rejection rejection(int index) {
    if (ruledOut != null && ruledOut[index]) {
      return Decision.Rejection.EXCLUDED;
    }
    if (!fleet.isPlaceable(index)) {
      return switch (fleet.report(index).state()) {
        case DRAINING -> Decision.Rejection.DRAINING;
        case STARTING, DOWN, READY, UNKNOWN -> Decision.Rejection.NOT_READY;
      };
    }
    if (fleet.report(index).load().saturation() >= saturation) {
      return Decision.Rejection.SATURATED;
    }
    return fleet.slot(index).health().admits(nowNanos) ? null : Decision.Rejection.EJECTED;
  }

  /** Whether replica {@code index} may take the request. */
  public boolean isEligible(int index) {
    return rejection(index) == null;
  }

  /** Returns the first eligible replica in the client's order, or -1. */
  public int firstOfClientsOrder() {
    if (constraints != null) {
      for (String id : constraints.order()) {
        int index = fleet.indexOf(id);
        if (index >= 0 && isEligible(index)) {
          return index;
        }
      }
    }
    return -1;
  }

  /** Whether the client named the replicas that may serve. */
  public boolean isNamed() {
    return constraints != null
        && (!constraints.only().isEmpty()
            || (!constraints.order().isEmpty() && !constraints.allowFallbacks()));
  }

  /** Returns why there is no eligible replica, given that there is none. */
  public PickResult.Rejected.Reason refusal() {
    @Var boolean anyReady = false;
    @Var boolean anyAllowed = false;
    @Var boolean anyServing = false;
    for (int index = 0; index < fleet.size(); index++) {
      boolean ready = fleet.isPlaceable(index);
      boolean allowed = ready && (ruledOut == null || !ruledOut[index]);
      anyReady |= ready;
      anyAllowed |= allowed;
      anyServing |= allowed && fleet.slot(index).health().admits(nowNanos);
    }
    if (anyServing) {
      return PickResult.Rejected.Reason.OVERLOADED;
    }
    if (anyAllowed || !anyReady) {
      return PickResult.Rejected.Reason.NO_READY_REPLICA;
    }
    return constraints == null
        ? PickResult.Rejected.Reason.EXHAUSTED
        : PickResult.Rejected.Reason.CONSTRAINTS_UNSATISFIABLE;
  }

  private static boolean @Nullable [] ruledOut(Fleet fleet, PickRequest request) {
    PickRequest.Constraints constraints = request.constraints();
    if (constraints == null && request.excluded().isEmpty()) {
      return null;
    }
    boolean[] ruledOut = new boolean[fleet.size()];
    if (constraints != null) {
      if (!constraints.only().isEmpty()) {
        allowOnly(fleet, constraints.only(), ruledOut);
      }
      if (!constraints.order().isEmpty() && !constraints.allowFallbacks()) {
        allowOnly(fleet, constraints.order(), ruledOut);
      }
      ruleOut(fleet, constraints.ignore(), ruledOut);
    }
    ruleOut(fleet, request.excluded(), ruledOut);
    return ruledOut;
  }

  private static void allowOnly(Fleet fleet, Iterable<String> ids, boolean[] ruledOut) {
    boolean[] named = new boolean[ruledOut.length];
    for (String id : ids) {
      int index = fleet.indexOf(id);
      if (index >= 0) {
        named[index] = true;
      }
    }
    for (int index = 0; index < ruledOut.length; index++) {
      ruledOut[index] |= !named[index];
    }
  }

  private static void ruleOut(Fleet fleet, Iterable<String> ids, boolean[] ruledOut) {
    for (String id : ids) {
      int index = fleet.indexOf(id);
      if (index >= 0) {
        ruledOut[index] = true;
      }
    }
  }
}
