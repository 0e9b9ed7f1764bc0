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
 */
public record PickRequest(
    PromptPrefix prefix,
    long session,
    @Nullable Constraints constraints,
    @Var List<String> excluded,
    int attempt) {

  public PickRequest {
    excluded = List.copyOf(excluded);
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
    List<String> more = new ArrayList<>(excluded);
    more.add(replicaId);
    return new PickRequest(prefix, session, constraints, more, attempt + 1);
  }

  /** Returns the next try after a refusal, with the refusing replica still a candidate. */
  public PickRequest retry() {
    return new PickRequest(prefix, session, constraints, excluded, attempt + 1);
  }

  /**
   * The client's explicit routing, by replica id.
   *
   * @param only when not empty, only these may serve
   * @param ignore these may not
   * @param order tried first, in this order
   * @param allowFallbacks whether others may serve when none of {@code order} can
   */
  public record Constraints(
      @Var List<String> only,
      @Var List<String> ignore,
      @Var List<String> order,
      boolean allowFallbacks) {

    public Constraints {
      only = List.copyOf(only);
      ignore = List.copyOf(ignore);
      order = List.copyOf(order);
    }
  }
}
