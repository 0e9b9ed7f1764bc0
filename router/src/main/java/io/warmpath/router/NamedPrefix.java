package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.warmpath.router.prompt.CanonicalChat;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.tokenizer.HeadEncoder;
import io.warmpath.tokenizer.TokenHead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The beginning of prompts, given in the config. As text it is what a text prompt begins with, or
 * the first message of a chat without tools; as token ids it is what a prompt of token ids begins
 * with. Only its full steps count, so prompts that differ in the rest of the last step match alike.
 * Immutable.
 */
public final class NamedPrefix {

  private final String name;

  /** One of the two is empty. */
  private final byte[] text;

  private final int[] tokens;

  private NamedPrefix(String name, byte[] text, int[] tokens) {
    this.name = name;
    this.text = text;
    this.tokens = tokens;
  }

  /** Returns a prefix given as text. */
  public static NamedPrefix ofText(String name, String text) {
    return new NamedPrefix(name, text.getBytes(StandardCharsets.UTF_8), new int[0]);
  }

  /** Returns a prefix given as token ids. */
  public static NamedPrefix ofTokens(String name, int... tokens) {
    return new NamedPrefix(name, new byte[0], tokens.clone());
  }

  /** Its name in the config. */
  public String name() {
    return name;
  }

  /** Full steps of {@code stepTokens}; a prefix with none cannot be told from others. */
  public int steps(int stepTokens) {
    return tokens.length > 0 ? tokens.length / stepTokens : text.length / stepBytes(stepTokens);
  }

  /** Whether every prompt that begins with {@code longer} begins with this. */
  boolean beginsAlso(NamedPrefix longer, int stepTokens) {
    int steps = steps(stepTokens);
    int tokenCount = tokens.length > 0 ? steps * stepTokens : 0;
    int byteCount = text.length > 0 ? steps * stepBytes(stepTokens) : 0;
    return longer.tokens.length >= tokenCount
        && longer.text.length >= byteCount
        && Arrays.equals(tokens, 0, tokenCount, longer.tokens, 0, tokenCount)
        && Arrays.equals(text, 0, byteCount, longer.text, 0, byteCount);
  }

  /**
   * Returns it as the prompts of one model begin with it: in bytes and, where the model has a
   * tokenizer, also in its tokens, up to those that what follows may change. May encode.
   */
  Beginning beginning(PromptPrefixes prefixes, @Nullable HeadEncoder encoder) {
    List<Function<PromptPrefixes.Scope, PromptPrefix>> forms = new ArrayList<>();
    if (tokens.length > 0) {
      forms.add(scope -> prefixes.ofTokens(scope, tokens, tokens.length));
      return new Beginning(forms);
    }
    byte[] chat = CanonicalChat.beginning(text);
    forms.add(scope -> prefixes.ofBytes(scope, text, 0, text.length));
    forms.add(scope -> prefixes.ofBytes(scope, chat, 0, chat.length));
    if (encoder != null) {
      TokenHead textHead = encoder.ofBeginning(text, true);
      TokenHead chatHead = encoder.ofBeginning(chat, false);
      forms.add(scope -> PromptText.prefix(prefixes, scope, text, textHead));
      forms.add(scope -> PromptText.prefix(prefixes, scope, chat, chatHead));
    }
    return new Beginning(forms);
  }

  private static int stepBytes(int stepTokens) {
    return stepTokens * PromptPrefixes.BYTES_PER_TOKEN;
  }

  /**
   * The prefix in the prompts of one model.
   *
   * @param forms what makes its chain in each of the forms that a prompt may have
   */
  record Beginning(@Var List<Function<PromptPrefixes.Scope, PromptPrefix>> forms) {

    Beginning {
      forms = List.copyOf(forms);
    }

    /** Returns what prompts with this prefix hash to, each with the step at which they do. */
    List<Mark> marks(PromptPrefixes.Scope scope) {
      List<Mark> marks = new ArrayList<>(forms.size());
      for (Function<PromptPrefixes.Scope, PromptPrefix> form : forms) {
        PromptPrefix prefix = form.apply(scope);
        if (prefix.stepCount() > 0) {
          int last = prefix.stepCount() - 1;
          marks.add(new Mark(last, prefix.stepHash(last)));
        }
      }
      return marks;
    }
  }

  /**
   * Where a prompt with the prefix has which hash.
   *
   * @param step index of the step, from 0
   * @param hash the hash of that step
   */
  record Mark(int step, long hash) {

    boolean isOf(PromptPrefix prompt) {
      return step < prompt.stepCount() && prompt.stepHash(step) == hash;
    }
  }
}
