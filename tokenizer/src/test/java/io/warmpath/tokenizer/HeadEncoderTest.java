package io.warmpath.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.testkit.SeededCases;
import io.warmpath.testkit.TestTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HeadEncoderTest {

  private static final int TOKENS = 256;
  private static final int STEP = 32;
  private static final String[] PIECES = {
    "router", " replica", "é", "漢字", "😀", " ", "\n", "    ", "12", "\"}],", "aaaaaaaa", ". The"
  };

  private static ModelTokenizer tokenizer;

  @BeforeAll
  static void readTokenizer(@TempDir Path directory) throws IOException {
    tokenizer = ModelTokenizer.read(TestTokenizer.writeTo(directory));
  }

  private static HeadEncoder encoder() {
    return new HeadEncoder(tokenizer, TOKENS, STEP);
  }

  private static String text(SplittableRandom random, int pieces) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < pieces; i++) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }

  @Test
  void head_ofAnyText_isTheBeginningOfTheTokensOfTheWhole() {
    HeadEncoder encoder = encoder();
    SeededCases.run(
        200,
        random -> {
          String text = text(random, 1 + random.nextInt(4_000));
          int[] whole = tokenizer.encode(text, true).ids();
          TokenHead head = encoder.encode(text.getBytes(UTF_8), true);
          assertThat(head.ids()).hasSize(Math.min(TOKENS, whole.length));
          assertThat(head.ids()).containsExactly(Arrays.copyOf(whole, head.ids().length));
          if (head.isWhole()) {
            assertThat(head.tokens()).isEqualTo(whole.length);
          }
        });
  }

  @Test
  void text_withinTheFirstWindow_isCounted() {
    String text = "router ".repeat(30);
    TokenHead head = encoder().encode(text.getBytes(UTF_8), true);
    assertThat(head.isWhole()).isTrue();
    assertThat(head.tokens()).isEqualTo(tokenizer.encode(text, true).ids().length);
    assertThat(encoder().encode(text.repeat(100).getBytes(UTF_8), true).isWhole()).isFalse();
  }

  @Test
  void lastToken_begins_whereTheBytesBeforeItEnd() {
    SeededCases.run(
        100,
        random -> {
          String text = text(random, 3_000);
          byte[] bytes = text.getBytes(UTF_8);
          TokenHead head = encoder().encode(bytes, false);
          int[] toThere =
              tokenizer.encode(new String(bytes, 0, head.lastBegins(), UTF_8), false).ids();
          // A token of one character of many bytes begins where that character does.
          assertThat(toThere.length).isBetween(TOKENS - 6, TOKENS - 1);
        });
  }

  @Test
  void head_isRemembered_byWhatItWasMadeOf() {
    HeadEncoder encoder = encoder();
    byte[] text = "A text of many words. ".repeat(400).getBytes(UTF_8);
    byte[] longer = Arrays.copyOf(text, text.length + 99);
    assertThat(encoder.remembered(text, true)).isNull();
    TokenHead head = encoder.encode(text, true);
    assertThat(encoder.remembered(text, true)).isSameAs(head);
    assertThat(encoder.remembered(longer, true)).isSameAs(head);
    assertThat(encoder.remembered(text, false)).isNull();
    byte[] shorter = Arrays.copyOf(text, 200);
    assertThat(encoder.remembered(shorter, true)).isNull();
    byte[] other = text.clone();
    other[5]++;
    assertThat(encoder.remembered(other, true)).isNull();
  }

  @Test
  void text_ofLongTokens_isReadFartherAndRememberedToo() {
    HeadEncoder encoder = encoder();
    String text = " replicas requests".repeat(2_000);
    int[] whole = tokenizer.encode(text, true).ids();
    assertThat(text.length() / whole.length).isGreaterThanOrEqualTo(6);
    byte[] bytes = text.getBytes(UTF_8);
    assertThat(encoder.encode(bytes, true).ids()).containsExactly(Arrays.copyOf(whole, TOKENS));
    assertThat(encoder.remembered(bytes, true)).isNotNull();
  }

  @Test
  void beginning_isOfEveryTextThatGoesOn() {
    SeededCases.run(
        100,
        random -> {
          String beginning = text(random, 50 + random.nextInt(400));
          TokenHead head = encoder().ofBeginning(beginning.getBytes(UTF_8), true);
          assertThat(head.ids().length % STEP).isZero();
          assertThat(head.isWhole()).isFalse();
          int[] goesOn =
              encoder().encode((beginning + text(random, 900)).getBytes(UTF_8), true).ids();
          assertThat(head.ids()).containsExactly(Arrays.copyOf(goesOn, head.ids().length));
        });
  }
}
