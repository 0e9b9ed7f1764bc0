package io.warmpath.cli.settings;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.NearestName;
import io.warmpath.config.RefusedSettingException;
import io.warmpath.router.FamilyRule;
import io.warmpath.router.NamedPrefix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes the rules for families, and refuses those that can never match. */
final class FamilyRulesCheck {

  private FamilyRulesCheck() {}

  /**
   * Returns the rules in their order.
   *
   * @param largestStepTokens the longest step of any model
   * @throws RefusedSettingException when one can never match, or names what is not there
   */
  static List<FamilyRule> rules(
      List<FamilySection> sections, Map<String, PrefixSection> prefixes, int largestStepTokens) {
    Map<String, NamedPrefix> named = prefixes(prefixes, largestStepTokens);
    List<FamilyRule> rules = new ArrayList<>();
    for (FamilySection section : sections) {
      String place = "families[" + rules.size() + "]";
      checkPrefix(section, named, place);
      FamilyRule rule = section.rule(named);
      for (FamilyRule earlier : rules) {
        checkAgainst(earlier, rule, place, largestStepTokens);
      }
      rules.add(rule);
    }
    return rules;
  }

  private static Map<String, NamedPrefix> prefixes(
      Map<String, PrefixSection> sections, int largestStepTokens) {
    Map<String, NamedPrefix> named = new LinkedHashMap<>();
    sections.forEach((name, section) -> {
      NamedPrefix prefix = section.prefix(name);
      if (prefix.steps(largestStepTokens) == 0) {
        throw new RefusedSettingException(
            "prefixes." + name,
            ("is shorter than one step of %d tokens (%d bytes of text), so no prompt is told by it;"
                    + " make it longer")
                .formatted(largestStepTokens, 4 * largestStepTokens));
      }
      named.put(name, prefix);
    });
    return named;
  }

  private static void checkPrefix(
      FamilySection section, Map<String, NamedPrefix> named, String place) {
    String wanted = section.match().prefix();
    if (wanted == null || named.containsKey(wanted)) {
      return;
    }
    @Nullable String nearest = NearestName.of(wanted, named.keySet());
    @Var String hint = "known are: " + String.join(", ", named.keySet());
    if (nearest != null) {
      hint = "did you mean " + nearest + "?";
    } else if (named.isEmpty()) {
      hint = "there are none";
    }
    throw new RefusedSettingException(
        place + ".match.prefix", "is \"" + wanted + "\", which `prefixes` does not name; " + hint);
  }

  private static void checkAgainst(
      FamilyRule earlier, FamilyRule rule, String place, int stepTokens) {
    if (earlier.name().equals(rule.name())) {
      throw new RefusedSettingException(
          place + ".name", "is \"" + rule.name() + "\", as an earlier rule is called; rename one");
    }
    if (earlier.match().equals(rule.match())) {
      throw new RefusedSettingException(
          place + ".match",
          "is the same as that of \"" + earlier.name() + "\"; remove one of the two");
    }
    if (earlier.hides(rule, stepTokens)) {
      throw new RefusedSettingException(
          place + ".match",
          ("can never decide, because \"%s\" above matches all of its prompts; put the narrower"
                  + " rule first")
              .formatted(earlier.name()));
    }
  }
}
