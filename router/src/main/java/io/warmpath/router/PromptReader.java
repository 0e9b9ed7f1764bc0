package io.warmpath.router;

import io.warmpath.router.prompt.CanonicalChat;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.TokenIds;

/** Reads the prompt of a gRPC request into what the decision compares. */
final class PromptReader {

  private PromptReader() {}

  /**
   * Returns the prefix of a request's prompt.
   *
   * @throws RequestRefusedException when the prompt is beyond the model's limit, or a token id is
   *     no token id
   */
  static PromptPrefix read(
      GenerateRequest request, RoutingTable.Resolved model, AffinityInputs affinity)
      throws RequestRefusedException {
    PromptPrefixes.Scope scope =
        new PromptPrefixes.Scope(
            model.route().model(),
            model.adapter(),
            request.getCacheSalt(),
            affinity.promptCacheKey());
    return model.route().families().apply(prompt(request, model, scope), scope, affinity.tenant());
  }

  /**
   * Returns the key of what the client calls its session, else of its conversation's own opening; 0
   * for a prompt that is no conversation.
   */
  static long session(
      GenerateRequest request,
      RoutingTable.Resolved model,
      AffinityInputs affinity,
      PromptPrefix prefix,
      SessionKeys keys) {
    String name = model.route().model();
    if (!affinity.sessionId().isEmpty()) {
      return keys.key(affinity.tenant(), name, affinity.sessionId());
    }
    byte[] opening = CanonicalChat.opening(request.getChat());
    return keys.ofOpening(affinity.tenant(), name, prefix, opening, opening.length);
  }

  private static PromptPrefix prompt(
      GenerateRequest request, RoutingTable.Resolved model, PromptPrefixes.Scope scope)
      throws RequestRefusedException {
    PromptPrefixes prefixes = model.route().prefixes();
    int maxTokens = model.route().limits().maxPromptTokens();
    return switch (request.getPromptCase()) {
      case TOKEN_IDS -> {
        TokenIds ids = request.getTokenIds();
        checkLength(ids.getIdsCount(), maxTokens);
        yield prefixes.ofTokens(scope, tokens(ids), ids.getIdsCount());
      }
      case TEXT -> ofBytes(prefixes, scope, request.getTextBytes().toByteArray());
      case CHAT -> ofBytes(prefixes, scope, CanonicalChat.bytes(request.getChat()));
      case PROMPT_NOT_SET -> throw new IllegalStateException("the request was not checked");
    };
  }

  /* Text is not tokenized here, so its length is an estimate: only the engine can refuse it. */
  private static PromptPrefix ofBytes(
      PromptPrefixes prefixes, PromptPrefixes.Scope scope, byte[] bytes) {
    return prefixes.ofBytes(scope, bytes, 0, bytes.length);
  }

  private static void checkLength(int tokens, int maxTokens) throws RequestRefusedException {
    if (tokens > maxTokens) {
      throw RequestRefusedException.badRequest(
          "the prompt has " + tokens + " tokens; the model takes " + maxTokens);
    }
  }

  private static int[] tokens(TokenIds ids) throws RequestRefusedException {
    int[] tokens = new int[ids.getIdsCount()];
    for (int i = 0; i < tokens.length; i++) {
      int id = ids.getIds(i);
      if (id < 0) {
        throw RequestRefusedException.badField(
            "token_ids.ids[" + i + "]",
            "is " + Integer.toUnsignedString(id) + "; allowed are 0 to " + Integer.MAX_VALUE);
      }
      tokens[i] = id;
    }
    return tokens;
  }
}
