package io.warmpath.router;

import com.google.protobuf.Value;
import io.warmpath.router.prompt.CanonicalChat;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.tokenizer.TokenHead;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.TokenIds;
import org.jspecify.annotations.Nullable;

/** Reads the prompt of a gRPC request, which was checked, into what the decision compares. */
final class PromptReader {

  private final GenerateRequest request;
  private final RoutingTable.Resolved model;
  private final AffinityInputs affinity;
  private final PromptPrefixes.Scope scope;

  /** Of a prompt in text or of a conversation; none of token ids. */
  private final byte[] bytes;

  PromptReader(GenerateRequest request, RoutingTable.Resolved model, AffinityInputs affinity) {
    this.request = request;
    this.model = model;
    this.affinity = affinity;
    this.scope =
        new PromptPrefixes.Scope(
            model.route().model(),
            model.adapter(),
            request.getCacheSalt(),
            affinity.promptCacheKey());
    this.bytes =
        switch (request.getPromptCase()) {
          case TOKEN_IDS -> new byte[0];
          case TEXT -> request.getTextBytes().toByteArray();
          case CHAT -> CanonicalChat.bytes(request.getChat());
          case PROMPT_NOT_SET -> throw new IllegalStateException("the request was not checked");
        };
  }

  /** The model's route. */
  ModelRoute route() {
    return model.route();
  }

  /** What keeps the request together with others. */
  AffinityInputs affinity() {
    return affinity;
  }

  /** The text whose first tokens are wanted, or null for none. */
  @Nullable PromptText text() {
    return PromptText.of(model.route().encoder(), bytes, addsSpecialTokens());
  }

  /* As the engine does with a text unless told otherwise; a chat's come from its template. */
  private boolean addsSpecialTokens() {
    Value told = request.getSampling().getExtra().getFieldsMap().get("add_special_tokens");
    return request.hasText() && (told == null || !told.hasBoolValue() || told.getBoolValue());
  }

  /**
   * Returns what to decide on.
   *
   * @param tokens the first of its text, or null without
   * @throws RequestRefusedException when the prompt is beyond the model's limit, or a token id is
   *     no token id
   */
  PickRequest pick(
      @Nullable TokenHead tokens, SessionKeys keys, PickRequest.@Nullable Constraints constraints)
      throws RequestRefusedException {
    PromptPrefix prompt = model.route().families().apply(prefix(tokens), scope, affinity.tenant());
    return new PickRequest(
        prompt, session(tokens == null ? prompt : null, keys), constraints, model.unable(), 1);
  }

  /**
   * Returns the key of what the client calls its session, else of its conversation's own opening; 0
   * for a prompt that is no conversation.
   *
   * @param inBytes the prompt as a chain of bytes, or null where that is another
   */
  private long session(@Nullable PromptPrefix inBytes, SessionKeys keys) {
    String name = model.route().model();
    if (!affinity.session().isEmpty()) {
      return keys.key(affinity.tenant(), name, affinity.session());
    }
    byte[] opening = CanonicalChat.opening(request.getChat());
    PromptPrefix chain =
        inBytes == null ? PromptText.prefix(prefixes(), scope, opening, null) : inBytes;
    return keys.ofOpening(affinity.tenant(), name, chain, opening, opening.length);
  }

  /* The length of what was not encoded is an estimate: only the engine can refuse it. */
  private PromptPrefix prefix(@Nullable TokenHead tokens) throws RequestRefusedException {
    if (!request.hasTokenIds()) {
      return PromptText.prefix(prefixes(), scope, bytes, tokens);
    }
    TokenIds ids = request.getTokenIds();
    checkLength(ids.getIdsCount(), model.route().limits().maxPromptTokens());
    return prefixes().ofTokens(scope, tokens(ids), ids.getIdsCount());
  }

  private PromptPrefixes prefixes() {
    return model.route().prefixes();
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
