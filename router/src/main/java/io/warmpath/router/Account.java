package io.warmpath.router;

import io.warmpath.router.usage.SessionClass;
import io.warmpath.router.usage.UsageCounts;
import io.warmpath.router.usage.UsageKey;
import io.warmpath.router.usage.UsageTally;
import io.warmpath.v1.Usage;

/**
 * What a request's usage is added to.
 *
 * @param tally of the event loop that the request lives on
 * @param tenant who asks, empty for nobody in particular
 * @param session what keeps it together with earlier requests
 */
record Account(UsageTally tally, String tenant, SessionClass session) {

  /** Returns the account of a request whose session key is {@code session}, 0 for none. */
  static Account of(UsageTally tally, AffinityInputs affinity, long session) {
    return new Account(tally, affinity.tenant(), sessionClass(affinity, session));
  }

  private static SessionClass sessionClass(AffinityInputs affinity, long session) {
    if (!affinity.sessionId().isEmpty()) {
      return SessionClass.SESSION;
    }
    if (!affinity.promptCacheKey().isEmpty()) {
      return SessionClass.PROMPT_CACHE_KEY;
    }
    return session == 0 ? SessionClass.NONE : SessionClass.OPENING;
  }

  /**
   * Adds what an answer used. Cached tokens that the engine did not report are not counted, nor is
   * an answer of which nothing says that a model computed it.
   */
  void charge(String model, long family, Usage usage) {
    if (usage.getCompletionTokens() == 0
        && (usage.getEstimated() || usage.getPromptTokens() == 0)) {
      return;
    }
    int cached = usage.getCachedTokensEstimated() ? 0 : usage.getCachedTokens();
    tally.add(
        new UsageKey(tenant, model, family, session),
        UsageCounts.ofRequest(
            usage.getPromptTokens(),
            Math.min(cached, usage.getPromptTokens()),
            usage.getCompletionTokens(),
            usage.getEstimated()));
  }
}
