package io.warmpath.routing;

import com.google.errorprone.annotations.Var;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One request as the decision sees it.
 *
 * @param prefix the prompt
 * @param session hash of the session key, 0 for none
 * @param constraints the client's explicit routing, or null for none
 * @param excluded ids of replicas that already refused or failed this request
 * @param attempt 1 for the first try; the last permitted try carries no pending-work limit
 * @param unavailable of {@code excluded}, those that failed or were not ready; the others were too
 *     busy
 */
public record PickRequest(
    PromptPrefix prefix,
    long session,
    @Nullable Constraints constraints,
    @Var List<String> excluded,
    int attempt,
    @Var List<String> unavailable) {

  /** A request that no replica has failed yet. */
  public PickRequest(
      PromptPrefix prefix,
      long session,
      @Nullable Constraints constraints,
      List<String> excluded,
      int attempt) {
    this(prefix, session, constraints, excluded, attempt, List.of());
  }

  public PickRequest {
    excluded = List.copyOf(excluded);
    unavailable = List.copyOf(unavailable);
    if (attempt < 1) {
      throw new IllegalArgumentException("attempt: " + attempt);
    }
  }

  /** Returns the first try of an unconstrained request. */
  public static PickRequest of(PromptPrefix prefix) {
    return new PickRequest(prefix, 0, null, List.of(), 1);
  }

  /** Returns the next try, which skips {@code replicaId} as well. */
  public PickRequest retryWithout(String replicaId) {
    return new PickRequest(
        prefix, session, constraints, with(excluded, replicaId), attempt + 1, unavailable);
  }

  /** Returns the next try after {@code replicaId} failed or turned out not to be ready. */
  public PickRequest retryAfterFailure(String replicaId) {
    return new PickRequest(
        prefix,
        session,
        constraints,
        with(excluded, replicaId),
        attempt + 1,
        with(unavailable, replicaId));
  }

  /** Returns the same try with {@code replicaId} a candidate again, whatever it said before. */
  public PickRequest readmitting(String replicaId) {
    return new PickRequest(
        prefix,
        session,
        constraints,
        without(excluded, replicaId),
        attempt,
        without(unavailable, replicaId));
  }

  private static List<String> without(List<String> ids, String id) {
    return ids.stream().filter(one -> !one.equals(id)).toList();
  }

  private static List<String> with(List<String> ids, String id) {
    List<String> more = new ArrayList<>(ids);
    more.add(id);
    return more;
  }

  /** Returns the next try after a refusal, with the refusing replica still a candidate. */
  public PickRequest retry() {
    return new PickRequest(prefix, session, constraints, excluded, attempt + 1, unavailable);
  }

  /**
   * The client's explicit routing, by replica id.
   *
   * @param only when not empty, only these may serve
   * @param ignore these may not
   * @param order tried first, in this order
   * @param allowFallbacks whether others may serve when none of {@code order} can
   * @param sort what makes a replica the best of those that may serve, or null for the policy's own
   *     rule
   */
  public record Constraints(
      @Var List<String> only,
      @Var List<String> ignore,
      @Var List<String> order,
      boolean allowFallbacks,
      @Nullable Sort sort) {

    /** Constraints that leave the choice among the allowed to the policy. */
    public Constraints(
        List<String> only, List<String> ignore, List<String> order, boolean allowFallbacks) {
      this(only, ignore, order, allowFallbacks, null);
    }

    public Constraints {
      only = List.copyOf(only);
      ignore = List.copyOf(ignore);
      order = List.copyOf(order);
    }
  }

  /** What a client may ask for in place of the policy's rule. */
  public enum Sort {
    /** The least expected first-token time: pending work and the own prefill. */
    LATENCY,
    /** The least pending work. */
    THROUGHPUT,
  }

  /** Returns what the client wants to be served by, or null for the policy's rule. */
  public @Nullable Sort sort() {
    return constraints == null ? null : constraints.sort();
  }
}
