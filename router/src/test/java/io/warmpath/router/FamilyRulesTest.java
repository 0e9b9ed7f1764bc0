package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.router.FamilyRule.Match;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.routing.PromptPrefixes.Scope;
import io.warmpath.testkit.TestTokenizer;
import io.warmpath.tokenizer.HeadEncoder;
import io.warmpath.tokenizer.ModelTokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FamilyRulesTest {

  private static final PromptPrefixes PREFIXES = new PromptPrefixes(PlacementConfig.Prefix.DEFAULT);
  private static final Scope PLAIN = Scope.of("m");
  private static final String SYSTEM = "You are \"terse\". ".repeat(100);

  private static FamilyRule.Placement sets(int replicas) {
    return new FamilyRule.Placement(replicas, null, null, List.of(), Map.of(), null, null, null);
  }

  private static FamilyRule rule(String name, Match match) {
    return new FamilyRule(name, match, sets(2));
  }

  private static FamilyRules rules(FamilyRule... rules) {
    return FamilyRules.of(List.of(rules), "m", PlacementConfig.DEFAULT, PREFIXES, null);
  }

  private static Match byPrefix(NamedPrefix prefix) {
    return new Match(null, null, null, prefix, null);
  }

  private static Match byKey(String pattern) {
    return new Match(null, new Glob(pattern), null, null, null);
  }

  private static PromptPrefix text(Scope scope, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return PREFIXES.ofBytes(scope, bytes, 0, bytes.length);
  }

  private static @Nullable String found(FamilyRules rules, PromptPrefix prompt, Scope scope) {
    FamilyRule rule = rules.find(prompt, scope, "");
    return rule == null ? null : rule.name();
  }

  @Test
  void promptCacheKey_firstMatchingRuleWins() {
    FamilyRules rules = rules(rule("eu", byKey("eu-*")), rule("all", byKey("*-1")));
    Scope eu = new Scope("m", "", "", "eu-1");
    Scope us = new Scope("m", "", "", "us-1");
    assertThat(found(rules, text(eu, "hi"), eu)).isEqualTo("eu");
    assertThat(found(rules, text(us, "hi"), us)).isEqualTo("all");
    assertThat(found(rules, text(PLAIN, "hi"), PLAIN)).isNull();
  }

  @Test
  void prefixAsText_matchesTextAndChatAndMakesThemOneFamilyEach() {
    FamilyRules rules = rules(rule("system", byPrefix(NamedPrefix.ofText("s", SYSTEM))));
    PromptPrefix one = rules.apply(text(PLAIN, SYSTEM + "x".repeat(9000)), PLAIN, "");
    PromptPrefix two = rules.apply(text(PLAIN, SYSTEM + "y"), PLAIN, "");
    assertThat(one.settings()).isNotNull();
    assertThat(one.family()).isEqualTo(two.family());
    String chat =
        "{\"tools\":[],\"messages\":[{\"content\":\""
            + SYSTEM.replace("\"", "\\\"")
            + " and more\",\"role\":\"system\"},{\"content\":\"hi\",\"role\":\"user\"}]}";
    assertThat(found(rules, text(PLAIN, chat), PLAIN)).isEqualTo("system");
    assertThat(found(rules, text(PLAIN, "Z" + SYSTEM), PLAIN)).isNull();
  }

  @Test
  void prefixAsText_ofAModelWithATokenizer_matchesInTokensAndInBytes(@TempDir Path directory)
      throws Exception {
    HeadEncoder encoder =
        Tokenizers.encoder(ModelTokenizer.read(TestTokenizer.writeTo(directory)), PREFIXES);
    FamilyRule rule = rule("system", byPrefix(NamedPrefix.ofText("s", SYSTEM)));
    FamilyRules rules =
        FamilyRules.of(List.of(rule), "m", PlacementConfig.DEFAULT, PREFIXES, encoder);
    Scope salted = new Scope("m", "", "salt", "");
    String prompt = SYSTEM + "What is a prefix? ".repeat(200);
    for (Scope scope : List.of(PLAIN, salted)) {
      assertThat(found(rules, text(scope, prompt), scope)).isEqualTo("system");
      assertThat(found(rules, inTokens(encoder, scope, prompt), scope)).isEqualTo("system");
      assertThat(found(rules, inTokens(encoder, scope, "Z" + prompt), scope)).isNull();
    }
    PromptPrefix one = rules.apply(inTokens(encoder, PLAIN, SYSTEM + "a"), PLAIN, "");
    PromptPrefix two = rules.apply(inTokens(encoder, PLAIN, prompt), PLAIN, "");
    assertThat(one.family()).isEqualTo(two.family());
  }

  private static PromptPrefix inTokens(HeadEncoder encoder, Scope scope, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return PromptText.prefix(PREFIXES, scope, bytes, encoder.encode(bytes, true));
  }

  @Test
  void prefixAsTokens_matchesUnderASaltToo() {
    int[] tokens = new int[300];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = i;
    }
    FamilyRules rules = rules(rule("t", byPrefix(NamedPrefix.ofTokens("t", tokens))));
    Scope salted = new Scope("m", "", "salt", "");
    PromptPrefix plain = rules.apply(PREFIXES.ofTokens(PLAIN, tokens, 260), PLAIN, "");
    PromptPrefix withSalt = rules.apply(PREFIXES.ofTokens(salted, tokens, 260), salted, "");
    assertThat(plain.settings()).isNotNull();
    assertThat(withSalt.settings()).isNotNull();
    assertThat(plain.family()).isNotEqualTo(withSalt.family());
  }

  @Test
  void tenant_ofAShortPrompt_hasAFamilyOfTheRule() {
    FamilyRules rules = rules(rule("acme", new Match(null, null, new Glob("acme*"), null, null)));
    PromptPrefix prompt = rules.apply(text(PLAIN, "hi"), PLAIN, "acme-eu");
    assertThat(prompt.family()).isNotZero();
    assertThat(rules.apply(text(PLAIN, "ho"), PLAIN, "acme-us").family())
        .isEqualTo(prompt.family());
    assertThat(rules.apply(text(PLAIN, "hi"), PLAIN, "other").settings()).isNull();
  }

  @Test
  void familyHash_matchesThatFamilyOnly() {
    PromptPrefix prompt = text(PLAIN, SYSTEM);
    FamilyRules rules = rules(rule("f", new Match(null, null, null, null, prompt.family())));
    assertThat(found(rules, prompt, PLAIN)).isEqualTo("f");
    assertThat(found(rules, text(PLAIN, SYSTEM.toUpperCase(java.util.Locale.ROOT)), PLAIN))
        .isNull();
  }

  @Test
  void ruleOfAnotherModel_doesNotMatch() {
    FamilyRules rules = rules(rule("other", new Match("n", null, null, null, null)));
    assertThat(found(rules, text(PLAIN, SYSTEM), PLAIN)).isNull();
  }

  @Test
  void hides_isTrueOfWiderRulesOnly() {
    FamilyRule all = rule("all", new Match(null, null, null, null, null));
    FamilyRule wide = rule("wide", byKey("a*"));
    FamilyRule narrow = rule("narrow", byKey("ab*"));
    NamedPrefix shorter = NamedPrefix.ofText("s", SYSTEM);
    NamedPrefix longer = NamedPrefix.ofText("l", SYSTEM + SYSTEM);
    assertThat(all.hides(wide, 128)).isTrue();
    assertThat(wide.hides(narrow, 128)).isTrue();
    assertThat(narrow.hides(wide, 128)).isFalse();
    assertThat(rule("s", byPrefix(shorter)).hides(rule("l", byPrefix(longer)), 128)).isTrue();
    assertThat(rule("l", byPrefix(longer)).hides(rule("s", byPrefix(shorter)), 128)).isFalse();
    assertThat(wide.hides(rule("l", byPrefix(longer)), 128)).isFalse();
  }

  @Test
  void settings_absentOnesAreTheModels() {
    PlacementConfig.PinnedFamily settings =
        Objects.requireNonNull(
            rules(
                    new FamilyRule(
                        "x",
                        new Match(null, null, null, null, null),
                        new FamilyRule.Placement(
                            null, null, null, List.of("a", "b"), Map.of(), null, null, null)))
                .apply(text(PLAIN, SYSTEM), PLAIN, "")
                .settings());
    assertThat(settings.trafficCap()).isEqualTo(0.5);
    assertThat(settings.replicaSet()).isEqualTo(2);
    assertThat(settings.confinement())
        .isEqualTo(new PlacementConfig.Confinement(true, Map.of(), false));
  }
}
