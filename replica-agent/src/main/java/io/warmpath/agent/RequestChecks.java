package io.warmpath.agent;

import io.warmpath.agent.engine.GenerateBody;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.ReplicaGenerateRequest;
import org.jspecify.annotations.Nullable;

/**
 * What the agent itself needs of a request. All else is for the engine to judge, whose message then
 * goes to the client.
 */
final class RequestChecks {

  private static final int MAX_REQUEST_ID_LENGTH = 128;
  private static final int MAX_COMPLETIONS = 128;
  private static final int BYTES_PER_TOKEN = 4;

  private RequestChecks() {}

  /** Returns what is wrong with the request, as a sentence for its sender, or null. */
  static @Nullable String problem(ReplicaGenerateRequest request, int stepTokens) {
    GenerateRequest inner = request.getRequest();
    if (inner.getModel().isEmpty()) {
      return "model is empty; name the model to use";
    }
    String prompt = promptProblem(inner);
    if (prompt != null) {
      return prompt;
    }
    String reserved = GenerateBody.reservedField(inner);
    if (reserved != null) {
      return "sampling.extra.%s is not allowed; use the request's own field".formatted(reserved);
    }
    if (inner.getSampling().hasN()
        && (inner.getSampling().getN() < 1 || inner.getSampling().getN() > MAX_COMPLETIONS)) {
      return "sampling.n is %s; allowed are 1 to %d"
          .formatted(Integer.toUnsignedString(inner.getSampling().getN()), MAX_COMPLETIONS);
    }
    if (!isHeaderValue(inner.getRequestId())) {
      return "request_id is not allowed; use at most %d printable ASCII characters"
          .formatted(MAX_REQUEST_ID_LENGTH);
    }
    return envelopeProblem(request, stepTokens);
  }

  private static @Nullable String promptProblem(GenerateRequest request) {
    boolean empty =
        switch (request.getPromptCase()) {
          case TOKEN_IDS -> request.getTokenIds().getIdsCount() == 0;
          case TEXT -> request.getText().isEmpty();
          case CHAT -> request.getChat().getMessagesCount() == 0;
          case PROMPT_NOT_SET -> true;
        };
    return empty ? "the prompt is empty; give one of token_ids, text or chat" : null;
  }

  /** The same for what the router says beside the request itself. */
  static @Nullable String envelopeProblem(ReplicaGenerateRequest request, int stepTokens) {
    int promptTokens = promptTokens(request);
    if (promptTokens < 0 || promptTokens < (long) request.getStepHashesCount() * stepTokens) {
      return "step_hashes has %d entries of %d tokens, more than prompt_tokens %s"
          .formatted(
              request.getStepHashesCount(),
              stepTokens,
              Integer.toUnsignedString(request.getPromptTokens()));
    }
    if (Integer.compareUnsigned(request.getExpectedCachedTokens(), promptTokens) > 0) {
      return "expected_cached_tokens is %s; at most prompt_tokens %d is allowed"
          .formatted(Integer.toUnsignedString(request.getExpectedCachedTokens()), promptTokens);
    }
    if (request.getPendingWorkLimitSeconds() < 0
        || Double.isNaN(request.getPendingWorkLimitSeconds())
        || !(request.getMaxQueueWaitSeconds() >= 0)) {
      return "pending_work_limit_seconds and max_queue_wait_seconds must not be negative";
    }
    return null;
  }

  /** The prompt's length; estimated where the sender left it out, as by a client without router. */
  static int promptTokens(ReplicaGenerateRequest request) {
    if (request.getPromptTokens() != 0) {
      return request.getPromptTokens();
    }
    GenerateRequest inner = request.getRequest();
    return inner.hasTokenIds()
        ? inner.getTokenIds().getIdsCount()
        : Math.ceilDiv(inner.getSerializedSize(), BYTES_PER_TOKEN);
  }

  /** Whether {@link #promptTokens} is an estimate from bytes. */
  static boolean isLengthEstimated(ReplicaGenerateRequest request) {
    GenerateRequest inner = request.getRequest();
    return request.getTokensEstimated() || inner.hasText() || inner.hasChat();
  }

  private static boolean isHeaderValue(String text) {
    return text.length() <= MAX_REQUEST_ID_LENGTH && text.chars().allMatch(c -> c > ' ' && c < 127);
  }
}
