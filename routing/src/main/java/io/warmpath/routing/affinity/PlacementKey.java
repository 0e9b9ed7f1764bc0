package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefix;
import org.jspecify.annotations.Nullable;

/**
 * The key by which a prompt is placed: its family's, or that of a deeper step where the family is
 * too hot for one key and its prompts part ways.
 *
 * @param key the key, not 0
 * @param entry what the table says of it, or null for the defaults
 */
record PlacementKey(long key, FamilyTable.@Nullable Entry entry) {

  /**
   * Returns the key of a prompt that has a family.
   *
   * @param settings what the config says of that family, or null
   */
  static PlacementKey of(
      PromptPrefix prefix,
      PlacementConfig.@Nullable PinnedFamily settings,
      PlacementConfig.Prefix config,
      FamilyTable families) {
    @Var long key = prefix.family();
    @Var FamilyTable.Entry entry = families.find(key);
    if (settings != null) {
      entry = entry == null ? FamilyTable.Entry.of(key, settings) : entry.with(settings);
    }
    @Var long steps = 2L * config.tokens() / config.stepTokens();
    while (entry != null && entry.deeper() && steps <= prefix.stepCount()) {
      key = prefix.stepHash((int) steps - 1);
      entry = families.find(key);
      steps *= 2;
    }
    return new PlacementKey(key, entry);
  }

  /** Returns how much of a prompt hot traffic shares, as far as that was observed; 0 for none. */
  static int hotTokens(PromptPrefix prefix, PlacementConfig.Prefix config, FamilyTable families) {
    @Var int tokens = 0;
    @Var FamilyTable.Entry entry = families.find(prefix.family());
    for (@Var long steps = config.tokens() / config.stepTokens();
        entry != null && steps <= prefix.stepCount();
        steps *= 2) {
      tokens = (int) steps * config.stepTokens();
      boolean more = 2 * steps <= prefix.stepCount();
      entry = more ? families.find(prefix.stepHash((int) (2 * steps) - 1)) : null;
    }
    return tokens;
  }

  /** Records a request's use of its family, and of the deeper keys of hot ones. */
  static void record(
      PromptPrefix prefix,
      PlacementConfig.Prefix config,
      FamilyTable families,
      TrafficTape tape,
      double workSeconds) {
    if (prefix.family() == 0) {
      tape.record(TrafficTape.NO_FAMILY, 0, workSeconds);
      return;
    }
    @Var long key = prefix.family();
    tape.record(key, 0, workSeconds);
    @Var FamilyTable.Entry entry = families.find(key);
    @Var long steps = 2L * config.tokens() / config.stepTokens();
    while (entry != null && entry.observed() && steps <= prefix.stepCount()) {
      long child = prefix.stepHash((int) steps - 1);
      tape.record(child, key, workSeconds);
      key = child;
      entry = families.find(key);
      steps *= 2;
    }
  }
}
