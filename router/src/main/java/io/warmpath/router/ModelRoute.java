package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.tokenizer.HeadEncoder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One model as requests meet it: where to place them and what they may ask for. Immutable but for
 * the placement, which the control thread updates.
 *
 * @param model the base model's name
 * @param policy name of the placement policy
 * @param placement decides
 * @param prefixes makes prompts comparable
 * @param encoder makes the first tokens of texts, null where the model has no tokenizer here
 * @param families the config's rules for families
 * @param metrics counts
 * @param limits what a request may ask for
 * @param missingAdapter for each adapter loaded somewhere, the replicas that lack it
 * @param missingRelay replicas whose agents have no HTTP relay
 */
record ModelRoute(
    String model,
    String policy,
    Placement placement,
    PromptPrefixes prefixes,
    @Nullable HeadEncoder encoder,
    FamilyRules families,
    ModelMetrics metrics,
    Limits limits,
    @Var Map<String, List<String>> missingAdapter,
    @Var List<String> missingRelay) {

  ModelRoute {
    missingAdapter = Map.copyOf(missingAdapter);
    missingRelay = List.copyOf(missingRelay);
  }

  /** Placements of one request, the last without a limit of pending work. */
  int maxAttempts() {
    return limits.maxAttempts;
  }

  /**
   * What a request may ask for.
   *
   * @param maxPromptTokens longest prompt, at least 1
   * @param maxAttempts placements of one request
   * @param maxQueueWaitSeconds longest wait in a replica's queue, infinite for no limit
   */
  record Limits(int maxPromptTokens, int maxAttempts, double maxQueueWaitSeconds) {}
}
