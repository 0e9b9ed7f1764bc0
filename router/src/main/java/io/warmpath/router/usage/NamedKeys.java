package io.warmpath.router.usage;

import io.warmpath.hashing.DecayedSpaceSaving;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.Set;

/**
 * Decides which tenants and families usage names, so that files, metrics and answers stay bounded
 * whatever clients send. Confined to one thread.
 */
final class NamedKeys {

  /*
   * Tenants are named in the order of their first request, up to the limit: an account must not
   * change its name. Families come and go, so they are named while they matter: a family has its
   * own rows while it carries at least 1/200 of the tokens of about the last hour.
   */
  private static final int COUNTERS = 512;
  private static final double LEAST_SHARE = 0.005;
  private static final Duration HALF_LIFE = Duration.ofHours(1);

  /** Most families that are named in one day. */
  static final int MAX_FAMILIES = 1_000;

  private final int maxTenants;
  private final DecayedSpaceSaving families;
  private final Set<String> tenants = new HashSet<>();
  private final Set<Long> familiesOfDay = new HashSet<>();
  private LocalDate day = LocalDate.MIN;

  NamedKeys(int maxTenants, long nowNanos) {
    this.maxTenants = maxTenants;
    this.families = new DecayedSpaceSaving(COUNTERS, HALF_LIFE.toNanos(), nowNanos);
  }

  /** Names what a row of an earlier run named. */
  void keep(LocalDate of, LocalDate today, UsageKey key) {
    isNamed(key.tenant());
    if (of.equals(today) && key.hasFamily()) {
      day = today;
      familiesOfDay.add(key.family());
    }
  }

  /** Notes traffic; {@link #apply} judges by it. */
  void note(UsageKey key, UsageCounts counts, long nowNanos) {
    if (key.hasFamily()) {
      families.add(key.family(), (double) counts.tokens(), nowNanos);
    } else {
      families.addKeyless((double) counts.tokens(), nowNanos);
    }
  }

  /** Returns the key under which {@code key} is counted. */
  UsageKey apply(UsageKey key, LocalDate today) {
    UsageKey shown = key.shown();
    UsageKey tenanted = isNamed(shown.tenant()) ? shown : shown.withoutTenant();
    return tenanted.hasFamily() && !isNamed(tenanted.family(), today)
        ? tenanted.withoutFamily()
        : tenanted;
  }

  private boolean isNamed(String tenant) {
    if (tenant.isEmpty() || tenants.contains(tenant)) {
      return true;
    }
    return tenants.size() < maxTenants && tenants.add(tenant);
  }

  private boolean isNamed(long family, LocalDate today) {
    if (!today.equals(day)) {
      day = today;
      familiesOfDay.clear();
    }
    if (families.shareAtLeast(family) < LEAST_SHARE) {
      return false;
    }
    return familiesOfDay.contains(family)
        || (familiesOfDay.size() < MAX_FAMILIES && familiesOfDay.add(family));
  }
}
