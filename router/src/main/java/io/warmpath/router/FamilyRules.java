package io.warmpath.router;

import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The config's rules for families, ready for the prompts of one model. Immutable, thread-safe. */
final class FamilyRules {

  /** No rules. */
  static final FamilyRules NONE =
      new FamilyRules(List.of(), new PromptPrefixes(PlacementConfig.DEFAULT.prefix()));

  private final List<Compiled> rules;
  private final PromptPrefixes prefixes;

  private FamilyRules(List<Compiled> rules, PromptPrefixes prefixes) {
    this.rules = List.copyOf(rules);
    this.prefixes = prefixes;
  }

  /**
   * A rule of this model.
   *
   * @param plainMarks the prefix's marks in prompts without an adapter and salt
   */
  private record Compiled(
      FamilyRule rule, PlacementConfig.PinnedFamily settings, List<NamedPrefix.Mark> plainMarks) {}

  /** Returns those of {@code rules} that are for {@code model}. */
  static FamilyRules of(
      List<FamilyRule> rules, String model, PlacementConfig config, PromptPrefixes prefixes) {
    List<Compiled> own = new ArrayList<>();
    for (FamilyRule rule : rules) {
      String only = rule.match().model();
      NamedPrefix prefix = rule.match().prefix();
      if (only == null || only.equals(model)) {
        own.add(
            new Compiled(
                rule,
                rule.placement().settings(config),
                prefix == null
                    ? List.of()
                    : prefix.marks(prefixes, PromptPrefixes.Scope.of(model))));
      }
    }
    return new FamilyRules(own, prefixes);
  }

  /** Returns {@code prompt} with the family and settings of the first rule that matches it. */
  PromptPrefix apply(PromptPrefix prompt, PromptPrefixes.Scope scope, String tenant) {
    for (Compiled compiled : rules) {
      long family = familyBy(compiled, prompt, scope, tenant);
      if (family != 0) {
        return prompt.in(family, compiled.settings);
      }
    }
    return prompt;
  }

  /** Returns the first rule that matches, or null. */
  @Nullable FamilyRule find(PromptPrefix prompt, PromptPrefixes.Scope scope, String tenant) {
    for (Compiled compiled : rules) {
      if (familyBy(compiled, prompt, scope, tenant) != 0) {
        return compiled.rule;
      }
    }
    return null;
  }

  /** Returns the key of the prompt's family by a rule, or 0 when the rule does not match. */
  private long familyBy(
      Compiled compiled, PromptPrefix prompt, PromptPrefixes.Scope scope, String tenant) {
    FamilyRule.Match match = compiled.rule.match();
    Long wanted = match.family();
    if ((match.promptCacheKey() != null && !match.promptCacheKey().matches(scope.promptCacheKey()))
        || (match.tenant() != null && !match.tenant().matches(tenant))
        || (wanted != null && wanted != prompt.family())) {
      return 0;
    }
    NamedPrefix prefix = match.prefix();
    if (prefix != null) {
      return familyByPrefix(prefix, compiled, prompt, scope);
    }
    // Prompts that are too short for a family of their own are one family of the rule.
    return prompt.family() != 0
        ? prompt.family()
        : PrefixHasher.mix(
            PrefixHasher.seed(scope.model(), scope.loraAdapter(), scope.cacheSalt()),
            PrefixHasher.hashText(compiled.rule.name()));
  }

  /** All prompts with one named prefix are one family, whatever follows. */
  private long familyByPrefix(
      NamedPrefix prefix, Compiled compiled, PromptPrefix prompt, PromptPrefixes.Scope scope) {
    boolean plain = scope.loraAdapter().isEmpty() && scope.cacheSalt().isEmpty();
    List<NamedPrefix.Mark> marks = plain ? compiled.plainMarks : prefix.marks(prefixes, scope);
    for (NamedPrefix.Mark mark : marks) {
      if (mark.isOf(prompt)) {
        return mark.hash();
      }
    }
    return 0;
  }
}
