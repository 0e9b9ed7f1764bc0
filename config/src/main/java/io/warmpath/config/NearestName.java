package io.warmpath.config;

import com.google.errorprone.annotations.Var;
import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds the known name that a mistyped one probably meant. */
public final class NearestName {

  private NearestName() {}

  /**
   * Returns the known name with the fewest edits from {@code typed}, or null when none is near: at
   * most two edits, or a third of the length. Case, hyphens and underscores do not count.
   */
  public static @Nullable String of(String typed, Collection<String> known) {
    String plainTyped = plain(typed);
    @Var String nearest = null;
    @Var int fewest = Math.max(2, plainTyped.length() / 3) + 1;
    for (String name : known) {
      int edits = edits(plainTyped, plain(name));
      if (edits < fewest && edits < plain(name).length()) {
        fewest = edits;
        nearest = name;
      }
    }
    return nearest;
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
  }

  /** Returns insertions, deletions, replacements and swaps of neighbours from one to the other. */
  static int edits(String from, String to) {
    int[][] cost = new int[from.length() + 1][to.length() + 1];
    for (@Var int i = 0; i <= from.length(); i++) {
      for (@Var int j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        int replace = cost[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        cost[i][j] = Math.min(replace, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
      }
    }
    return cost[from.length()][to.length()];
  }
}
