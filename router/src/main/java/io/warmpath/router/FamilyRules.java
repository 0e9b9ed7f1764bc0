package io.warmpath.router;

import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.tokenizer.HeadEncoder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The config's rules for families, ready for the prompts of one model. Immutable, thread-safe. */
final class FamilyRules {

  /** No rules. */
  static final FamilyRules NONE = new FamilyRules(List.of());

  private final List<Compiled> rules;

  private FamilyRules(List<Compiled> rules) {
    this.rules = List.copyOf(rules);
  }

  /**
   * A rule of this model.
   *
   * @param prefix what prompts of the rule begin with, null when that does not matter
   * @param plainMarks the prefix's marks in prompts without an adapter and salt
   */
  private record Compiled(
      FamilyRule rule,
      PlacementConfig.PinnedFamily settings,
      NamedPrefix.@Nullable Beginning prefix,
      List<NamedPrefix.Mark> plainMarks) {}

  /** Returns those of {@code rules} that are for {@code model}; may encode their prefixes. */
  static FamilyRules of(
      List<FamilyRule> rules,
      String model,
      PlacementConfig config,
      PromptPrefixes prefixes,
      @Nullable HeadEncoder encoder) {
    List<Compiled> own = new ArrayList<>();
    for (FamilyRule rule : rules) {
      String only = rule.match().model();
      NamedPrefix prefix = rule.match().prefix();
      if (only == null || only.equals(model)) {
        NamedPrefix.Beginning beginning =
            prefix == null ? null : prefix.beginning(prefixes, encoder);
        own.add(
            new Compiled(
                rule,
                rule.placement().settings(config),
                beginning,
                beginning == null ? List.of() : beginning.marks(PromptPrefixes.Scope.of(model))));
      }
    }
    return new FamilyRules(own);
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
  private static long familyBy(
      Compiled compiled, PromptPrefix prompt, PromptPrefixes.Scope scope, String tenant) {
    FamilyRule.Match match = compiled.rule.match();
    Long wanted = match.family();
    if ((match.promptCacheKey() != null && !match.promptCacheKey().matches(scope.promptCacheKey()))
        || (match.tenant() != null && !match.tenant().matches(tenant))
        || (wanted != null && wanted != prompt.family())) {
      return 0;
    }
    NamedPrefix.Beginning prefix = compiled.prefix;
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
  private static long familyByPrefix(
      NamedPrefix.Beginning prefix,
      Compiled compiled,
      PromptPrefix prompt,
      PromptPrefixes.Scope scope) {
    boolean plain = scope.loraAdapter().isEmpty() && scope.cacheSalt().isEmpty();
    List<NamedPrefix.Mark> marks = plain ? compiled.plainMarks : prefix.marks(scope);
    for (NamedPrefix.Mark mark : marks) {
      if (mark.isOf(prompt)) {
        return mark.hash();
      }
    }
    return 0;
  }
}
