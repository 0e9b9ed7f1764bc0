package io.warmpath.routing.baseline;

import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.affinity.AnchorTable;
import io.warmpath.routing.fleet.Fleet;

/**
 * What one router sent where: every step of every prompt, least recently used forgotten first. It
 * stands for the prefix trees and indexes that routers keep of their own traffic. Thread-safe.
 */
final class PrefixMemory {

  private final AnchorTable steps;
  private final long originNanos;

  /** Nothing yet; {@code nowNanos} is the ticker's reading. */
  PrefixMemory(int capacity, long nowNanos) {
    this.originNanos = nowNanos;
    this.steps = new AnchorTable(capacity);
  }

  void remember(PromptPrefix prefix, int slotNumber, long nowNanos) {
    long millis = (nowNanos - originNanos) / 1_000_000 + 1;
    for (int step = 0; step < prefix.stepCount(); step++) {
      steps.touch(prefix.stepHash(step), slotNumber, millis);
    }
  }

  /** Returns by replica how many tokens of the prompt it was sent before. */
  int[] matchedTokens(Fleet fleet, PromptPrefix prefix) {
    int[] matched = new int[fleet.size()];
    long[] holders = new long[AnchorTable.HOLDERS];
    for (int step = prefix.stepCount() - 1; step >= 0; step--) {
      if (steps.holders(prefix.stepHash(step), holders)) {
        for (long holder : holders) {
          int index = holder == 0 ? -1 : fleet.indexOfSlot(AnchorTable.slotOf(holder));
          if (index >= 0 && matched[index] == 0) {
            matched[index] = (step + 1) * prefix.stepTokens();
          }
        }
      }
    }
    return matched;
  }

  /** Takes more memory if it is needed; called by the updating thread. */
  void grow() {
    steps.grow();
  }
}
