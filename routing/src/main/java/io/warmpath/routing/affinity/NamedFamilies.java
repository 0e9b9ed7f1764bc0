package io.warmpath.routing.affinity;

import io.warmpath.routing.PlacementConfig.PinnedFamily;
import io.warmpath.routing.PromptPrefix;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which families the config's rules were found to match, and what they say of them. Thread-safe,
 * lock-free, bounded: families that fall on one cell take turns.
 */
final class NamedFamilies {

  /*
   * A rule may match by something that a family's key does not show, such as a tenant. So requests
   * tell, and the updating thread, which sizes replica sets by key, reads here.
   */
  private static final int CELLS = 1 << 10;

  private final AtomicReferenceArray<@Nullable Known> cells = new AtomicReferenceArray<>(CELLS);

  /** A family that a rule matches. */
  record Known(long key, PinnedFamily settings) {}

  /** Notes what the config says of a prompt's family, also when that is nothing any more. */
  @SuppressWarnings("ReferenceEquality") // A rule's settings are one object; this is each pick.
  void note(PromptPrefix prefix) {
    int index = index(prefix.family());
    Known known = cells.get(index);
    PinnedFamily settings = prefix.settings();
    if (settings != null) {
      if (known == null || known.key != prefix.family() || known.settings != settings) {
        cells.set(index, new Known(prefix.family(), settings));
      }
    } else if (known != null && known.key == prefix.family()) {
      cells.set(index, null);
    }
  }

  /** Returns what is known of {@code key}, or null. */
  @Nullable PinnedFamily find(long key) {
    Known known = cells.get(index(key));
    return known != null && known.key == key ? known.settings : null;
  }

  /** Returns the keys that are known. */
  long[] keys() {
    return IntStream.range(0, CELLS)
        .mapToObj(cells::get)
        .filter(Objects::nonNull)
        .mapToLong(Known::key)
        .toArray();
  }

  private static int index(long key) {
    return (int) ((key * 0x9E3779B97F4A7C15L) >>> 54);
  }
}
