package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PlacementConfig;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The families, and deeper keys of them, that need more than the defaults. Immutable. */
final class FamilyTable {

  static final FamilyTable EMPTY = new FamilyTable(List.of());

  private final Entry[] entries;

  FamilyTable(Collection<Entry> families) {
    this.entries = new Entry[Integer.highestOneBit(families.size() * 2 + 1) * 2];
    for (Entry family : families) {
      @Var int place = place(family.key);
      while (entries[place] != null) {
        place = (place + 1) & (entries.length - 1);
      }
      entries[place] = family;
    }
  }

  /** Returns the entry of {@code key}, or null when the defaults apply. */
  @Nullable Entry find(long key) {
    @Var int place = place(key);
    @Var Entry entry = entries[place];
    while (entry != null && entry.key != key) {
      place = (place + 1) & (entries.length - 1);
      entry = entries[place];
    }
    return entry;
  }

  private int place(long key) {
    return (int) ((key * 0x9E3779B97F4A7C15L) >>> 32) & (entries.length - 1);
  }

  /**
   * One family.
   *
   * @param key its key
   * @param requestShare share of recent requests, 0..1
   * @param workShare share of recent work, 0..1
   * @param replicas size of its replica set, at least 1
   * @param observed whether the next deeper key of its prompts is to be recorded
   * @param deeper whether prompts that reach the next deeper key are placed by that
   * @param trafficCap share of a replica's work it may have
   * @param rateCapPerMinute requests a minute one replica takes of it, 0 for no cap
   * @param pinned ids of replicas that come first
   */
  record Entry(
      long key,
      double requestShare,
      double workShare,
      int replicas,
      boolean observed,
      boolean deeper,
      double trafficCap,
      double rateCapPerMinute,
      List<String> pinned) {

    /** Returns the entry of a family that the config names and that was not seen before. */
    static Entry of(long key, PlacementConfig.PinnedFamily settings) {
      return new Entry(
          key,
          0,
          0,
          Math.max(1, settings.replicaSet()),
          false,
          false,
          settings.trafficCap(),
          settings.rateCapPerMinute(),
          settings.replicas());
    }

    /** Returns the same with the settings of the config as they are now. */
    Entry with(PlacementConfig.PinnedFamily settings) {
      return new Entry(
          key,
          requestShare,
          workShare,
          settings.replicaSet() > 0 ? settings.replicaSet() : replicas,
          observed,
          settings.confinement() == null && deeper,
          settings.trafficCap(),
          settings.rateCapPerMinute(),
          settings.replicas());
    }
  }
}
