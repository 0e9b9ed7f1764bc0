package io.warmpath.router;

import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.RoutingControls;
import io.warmpath.v1.RoutingSort;
import io.warmpath.v1.SamplingParams;
import java.util.List;
import java.util.Set;

/** Refuses requests whose fields are missing or out of the range that the contract states. */
final class RequestCheck {

  private static final int MAX_NAME_CHARACTERS = 256;
  private static final int MAX_SALT_CHARACTERS = 1_024;
  private static final int MAX_REQUEST_ID_CHARACTERS = 128;
  private static final int MAX_PRIORITY = 100;
  private static final int MAX_ROUTED_REPLICAS = 256;
  private static final int MAX_STOPS = 16;
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool");

  private RequestCheck() {}

  /** Throws when a field of {@code request} is bad, naming it. */
  static void check(GenerateRequest request) throws RequestRefusedException {
    if (request.getModel().isEmpty()) {
      throw RequestRefusedException.badField("model", "is missing");
    }
    atMost("model", request.getModel(), MAX_NAME_CHARACTERS);
    atMost("lora_adapter", request.getLoraAdapter(), MAX_NAME_CHARACTERS);
    atMost("cache_salt", request.getCacheSalt(), MAX_SALT_CHARACTERS);
    atMost("request_id", request.getRequestId(), MAX_REQUEST_ID_CHARACTERS);
    range("priority", request.getPriority(), -MAX_PRIORITY, MAX_PRIORITY);
    checkPrompt(request);
    checkSampling(request.getSampling());
    checkRouting(request.getRouting());
  }

  private static void checkPrompt(GenerateRequest request) throws RequestRefusedException {
    boolean empty =
        switch (request.getPromptCase()) {
          case TOKEN_IDS -> request.getTokenIds().getIdsCount() == 0;
          case TEXT -> request.getText().isEmpty();
          case CHAT -> request.getChat().getMessagesCount() == 0;
          case PROMPT_NOT_SET -> true;
        };
    if (empty) {
      throw RequestRefusedException.badRequest(
          "the prompt is empty: give one of token_ids, text, chat");
    }
    for (ChatMessage message : request.getChat().getMessagesList()) {
      if (!ROLES.contains(message.getRole())) {
        throw RequestRefusedException.badField(
            "chat.messages.role",
            "is '"
                + Text.shown(message.getRole())
                + "'; allowed are system, developer, user, assistant, tool");
      }
    }
  }

  private static void checkSampling(SamplingParams sampling) throws RequestRefusedException {
    if (sampling.hasMaxTokens()) {
      range("sampling.max_tokens", sampling.getMaxTokens(), 1, Integer.MAX_VALUE);
    }
    if (sampling.hasN()) {
      range("sampling.n", sampling.getN(), 1, 128);
    }
    if (sampling.hasLogprobs()) {
      range("sampling.logprobs", sampling.getLogprobs(), 0, 20);
    }
    if (sampling.hasTemperature()) {
      range("sampling.temperature", sampling.getTemperature(), 0, 2);
    }
    if (sampling.hasFrequencyPenalty()) {
      range("sampling.frequency_penalty", sampling.getFrequencyPenalty(), -2, 2);
    }
    if (sampling.hasPresencePenalty()) {
      range("sampling.presence_penalty", sampling.getPresencePenalty(), -2, 2);
    }
    if (sampling.hasTopP() && !(sampling.getTopP() > 0 && sampling.getTopP() <= 1)) {
      throw RequestRefusedException.badField(
          "sampling.top_p", "is " + sampling.getTopP() + "; allowed is above 0, at most 1");
    }
    if (sampling.hasRepetitionPenalty() && !(sampling.getRepetitionPenalty() > 0)) {
      throw RequestRefusedException.badField(
          "sampling.repetition_penalty",
          "is " + sampling.getRepetitionPenalty() + "; allowed is above 0");
    }
    atMost("sampling.stop", sampling.getStopCount(), MAX_STOPS);
  }

  private static void checkRouting(RoutingControls routing) throws RequestRefusedException {
    checkIds("routing.only", routing.getOnlyList());
    checkIds("routing.ignore", routing.getIgnoreList());
    checkIds("routing.order", routing.getOrderList());
    if (routing.getSort() == RoutingSort.UNRECOGNIZED) {
      throw RequestRefusedException.badField(
          "routing.sort",
          "is "
              + routing.getSortValue()
              + "; allowed are ROUTING_SORT_LATENCY and ROUTING_SORT_THROUGHPUT");
    }
  }

  private static void checkIds(String field, List<String> ids) throws RequestRefusedException {
    atMost(field, ids.size(), MAX_ROUTED_REPLICAS);
  }

  /** Throws when {@code value} is longer than {@code limit} characters. */
  static void atMost(String field, String value, int limit) throws RequestRefusedException {
    if (value.length() > limit) {
      throw RequestRefusedException.badField(
          field, "has " + value.length() + " characters; allowed are " + limit);
    }
  }

  private static void atMost(String field, int size, int limit) throws RequestRefusedException {
    if (size > limit) {
      throw RequestRefusedException.badField(
          field, "has " + size + " entries; allowed are " + limit);
    }
  }

  private static void range(String field, int value, int low, int high)
      throws RequestRefusedException {
    if (value < low || value > high) {
      throw RequestRefusedException.badField(
          field, "is " + value + "; allowed are " + low + " to " + high);
    }
  }

  private static void range(String field, double value, double low, double high)
      throws RequestRefusedException {
    if (!(value >= low && value <= high)) {
      throw RequestRefusedException.badField(
          field, "is " + value + "; allowed are " + low + " to " + high);
    }
  }
}
