package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What a request cost, in the JSON form of the OpenAI API. */
final class Usage {

  private Usage() {}

  /**
   * Usage of a whole answer, with the details that the settings ask for.
   *
   * @param counted whose cached tokens are told; of several prompts vLLM tells only one's
   */
  static ObjectNode total(Generation generation, Choice counted, boolean details) {
    ObjectNode usage = counts(generation.promptTokens(), generation.completionTokens());
    if (details) {
      usage
          .putObject("prompt_tokens_details")
          .put("cached_tokens", cachedTokens(counted))
          .put("created_cache_tokens", createdTokens(generation, counted));
    }
    return usage;
  }

  /** Usage so far of one choice. */
  static ObjectNode soFar(Choice choice, int completionTokens) {
    return counts(choice.prompt().length, completionTokens);
  }

  private static ObjectNode counts(int promptTokens, int completionTokens) {
    return Json.object()
        .put("prompt_tokens", promptTokens)
        .put("total_tokens", promptTokens + completionTokens)
        .put("completion_tokens", completionTokens);
  }

  /** Prompt tokens that were read from the cache. */
  static int cachedTokens(Choice choice) {
    return Math.max(0, choice.request().cachedTokens());
  }

  /** Prompt tokens that are in the cache since then: those of its whole blocks. */
  static int createdTokens(Generation generation, Choice choice) {
    int blockSize = generation.blockSizeTokens();
    int whole = choice.prompt().length / blockSize * blockSize;
    return Math.max(0, whole - cachedTokens(choice));
  }
}
