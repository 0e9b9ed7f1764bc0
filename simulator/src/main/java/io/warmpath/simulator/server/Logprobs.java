package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.BlockHash;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Log-probabilities in both forms of the API: right in shape, made up in value, the same for the
 * same token.
 */
final class Logprobs {

  private static final double STEP = 0.001;
  private static final int STEPS = 700;

  private Logprobs() {}

  /** The form of {@code /v1/completions} for tokens {@code from..to} of an output. */
  static ObjectNode ofCompletion(int[] tokens, int from, int to, int alternatives, int textOffset) {
    ObjectNode logprobs = Json.object();
    ArrayNode offsets = logprobs.putArray("text_offset");
    ArrayNode values = logprobs.putArray("token_logprobs");
    ArrayNode texts = logprobs.putArray("tokens");
    ArrayNode tops = logprobs.putArray("top_logprobs");
    @Var int offset = textOffset;
    for (int i = from; i < to; i++) {
      String text = Tokenizer.decode(tokens[i]);
      offsets.add(offset);
      values.add(value(tokens[i]));
      texts.add(text);
      ObjectNode top = tops.addObject().put(text, value(tokens[i]));
      List<String> others = Output.vocabularySample();
      for (int k = 0; top.size() < alternatives && k < others.size(); k++) {
        top.put(others.get(k), value(tokens[i]) - 1 - k);
      }
      offset += text.length();
    }
    return logprobs;
  }

  /** The form of {@code /v1/chat/completions}. */
  static ObjectNode ofChat(int[] tokens, int from, int to, int alternatives) {
    ObjectNode logprobs = Json.object();
    ArrayNode content = logprobs.putArray("content");
    for (int i = from; i < to; i++) {
      String text = Tokenizer.decode(tokens[i]);
      ObjectNode entry = entry(content.addObject(), text, value(tokens[i]));
      ArrayNode top = entry.putArray("top_logprobs");
      if (alternatives > 0) {
        entry(top.addObject(), text, value(tokens[i]));
      }
      List<String> others = Output.vocabularySample();
      for (int k = 0; top.size() < alternatives && k < others.size(); k++) {
        entry(top.addObject(), others.get(k), value(tokens[i]) - 1 - k);
      }
    }
    return logprobs;
  }

  private static ObjectNode entry(ObjectNode entry, String text, double logprob) {
    entry.put("token", text).put("logprob", logprob);
    ArrayNode bytes = entry.putArray("bytes");
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      bytes.add(b & 0xFF);
    }
    return entry;
  }

  private static double value(int token) {
    return -STEP * (1 + Long.remainderUnsigned(BlockHash.chain(1, token), STEPS));
  }
}
