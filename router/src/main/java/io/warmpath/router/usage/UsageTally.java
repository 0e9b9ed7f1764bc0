package io.warmpath.router.usage;

import java.util.HashMap;
import java.util.Map;

/**
 * What the answers of one event loop used since it was last asked. Confined to the loop's thread,
 * so that counting takes no lock and shares nothing.
 */
public final class UsageTally {

  /**
   * Most keys that are told apart between two visits of the meter; beyond them families and tenants
   * are added to the others.
   */
  static final int MAX_KEYS = 16_384;

  private Map<UsageKey, UsageCounts> counts = new HashMap<>();

  /** Adds what one answer used; one without any tokens is none of metering's business. */
  public void add(UsageKey key, UsageCounts answer) {
    if (answer.tokens() == 0) {
      return;
    }
    boolean fits = counts.size() < MAX_KEYS || counts.containsKey(key);
    counts.merge(fits ? key : key.withoutFamily().withoutTenant(), answer, UsageCounts::plus);
  }

  /** Returns what was added since the last call, which is the caller's from now on. */
  public Map<UsageKey, UsageCounts> take() {
    Map<UsageKey, UsageCounts> taken = counts;
    if (!taken.isEmpty()) {
      counts = new HashMap<>();
    }
    return taken.isEmpty() ? Map.of() : taken;
  }
}
