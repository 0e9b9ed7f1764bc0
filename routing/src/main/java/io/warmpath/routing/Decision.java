package io.warmpath.routing;

import com.google.errorprone.annotations.Var;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One decision with everything that led to it; built only when asked for.
 *
 * @param policy name of the policy, as in the config
 * @param promptTokens length of the prompt
 * @param steps full steps in the chain
 * @param family the family's key, 0 for none
 * @param requestShare the family's share of recent requests, 0..1
 * @param workShare the family's share of recent work, 0..1
 * @param replicaSetSize replicas in the family's replica set
 * @param boundSeconds highest pending work a candidate may have, infinite for none
 * @param candidates in the order they were considered
 * @param chosen id of the chosen replica, or null when refused
 * @param reason why it was chosen, or null when refused
 * @param spill whether it is outside the replica set
 * @param refusal why the request was refused, or null
 * @param pendingWorkLimitSeconds validated placement's limit, infinite for none
 * @param sort what the client asked to be served by, or null for the policy's own rule
 */
public record Decision(
    String policy,
    int promptTokens,
    int steps,
    long family,
    double requestShare,
    double workShare,
    int replicaSetSize,
    double boundSeconds,
    @Var List<Candidate> candidates,
    @Nullable String chosen,
    @Nullable PickReason reason,
    boolean spill,
    PickResult.Rejected.@Nullable Reason refusal,
    double pendingWorkLimitSeconds,
    PickRequest.@Nullable Sort sort) {

  public Decision {
    candidates = List.copyOf(candidates);
  }

  /**
   * A replica that was considered.
   *
   * @param replicaId its id
   * @param rank position in the family's order from 0, or -1
   * @param matchedTokens prompt tokens believed cached there
   * @param pendingWorkSeconds its pending work as believed
   * @param prefillSeconds what the rest of the prompt would take
   * @param costSeconds the cost that is minimized
   * @param rejected why it may not take the request, or null
   * @param sources how it became a candidate
   */
  public record Candidate(
      String replicaId,
      int rank,
      int matchedTokens,
      double pendingWorkSeconds,
      double prefillSeconds,
      double costSeconds,
      @Nullable Rejection rejected,
      @Var Set<Source> sources) {

    public Candidate {
      sources = Set.copyOf(sources);
    }
  }

  /** How a replica became a candidate. */
  public enum Source {
    /** A member of the family's replica set. */
    REPLICA_SET,
    /** The next in the family's order after the set. */
    NEXT,
    /** It holds a known prefix. */
    ANCHOR,
    /** It served the session. */
    SESSION,
    /** The least pending work in this router's slice of the fleet. */
    LEAST_WORK,
    /** The client named it. */
    EXPLICIT,
  }

  /** Why a candidate may not take the request. */
  public enum Rejection {
    /** Pending work above the bound. */
    OVER_BOUND,
    /** It reports saturation. */
    SATURATED,
    /** The family has its share of it. */
    TRAFFIC_CAP,
    /** The family may be served by its set alone, and has all of its share of this member. */
    FAMILY_CAP,
    /** The family has its requests per minute there. */
    RATE_CAP,
    /** It is draining. */
    DRAINING,
    /** It failed too often lately. */
    EJECTED,
    /** Its engine is not ready. */
    NOT_READY,
    /** The client or an earlier try excluded it. */
    EXCLUDED,
  }
}
