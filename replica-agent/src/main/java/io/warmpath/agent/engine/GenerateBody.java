package io.warmpath.agent.engine;

import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.Struct;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufOutputStream;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.SamplingParams;
import io.warmpath.v1.TokenIds;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes a request as the JSON body of the engine's OpenAI API. */
public final class GenerateBody {

  /** Fields that the agent writes itself, so that the open map must not have them. */
  private static final Set<String> OWN_FIELDS =
      Set.of(
          "model",
          "prompt",
          "messages",
          "tools",
          "stream",
          "stream_options",
          "cache_salt",
          "priority",
          "max_tokens",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "frequency_penalty",
          "presence_penalty",
          "repetition_penalty",
          "seed",
          "stop",
          "stop_token_ids",
          "ignore_eos",
          "n",
          "logprobs",
          "top_logprobs");

  private GenerateBody() {}

  /** The path that takes {@code request}. */
  public static String path(GenerateRequest request) {
    return request.hasChat() ? "/v1/chat/completions" : "/v1/completions";
  }

  /** Returns a field of the request's open map that it may not set, or null. */
  public static @Nullable String reservedField(GenerateRequest request) {
    for (String name : request.getSampling().getExtra().getFieldsMap().keySet()) {
      if (OWN_FIELDS.contains(name)) {
        return name;
      }
    }
    return null;
  }

  /**
   * Writes the body of a streamed completion.
   *
   * @param priority the engine's own request priority, 0 where it does not schedule by priority: it
   *     refuses others then
   */
  public static ByteBuf write(ByteBufAllocator allocator, GenerateRequest request, int priority) {
    ByteBuf body = allocator.buffer(estimatedBytes(request));
    try (OutputStream bytes = new ByteBufOutputStream(body);
        JsonGenerator out = Json.FACTORY.createGenerator(bytes)) {
      out.writeStartObject();
      String adapter = request.getLoraAdapter();
      out.writeStringField("model", adapter.isEmpty() ? request.getModel() : adapter);
      writePrompt(out, request);
      out.writeBooleanField("stream", true);
      out.writeObjectFieldStart("stream_options");
      out.writeBooleanField("include_usage", true);
      out.writeBooleanField("continuous_usage_stats", true);
      out.writeEndObject();
      if (!request.getCacheSalt().isEmpty()) {
        out.writeStringField("cache_salt", request.getCacheSalt());
      }
      if (priority != 0) {
        out.writeNumberField("priority", priority);
      }
      writeSampling(out, request.getSampling(), request.hasChat());
      out.writeEndObject();
    } catch (IOException impossible) {
      body.release();
      throw new IllegalStateException("writing to memory failed", impossible);
    }
    return body;
  }

  private static int estimatedBytes(GenerateRequest request) {
    int prompt =
        request.hasTokenIds()
            ? 7 * request.getTokenIds().getIdsCount()
            : request.getSerializedSize();
    return 512 + prompt;
  }

  private static void writePrompt(JsonGenerator out, GenerateRequest request) throws IOException {
    switch (request.getPromptCase()) {
      case TOKEN_IDS -> {
        out.writeArrayFieldStart("prompt");
        TokenIds ids = request.getTokenIds();
        for (int i = 0; i < ids.getIdsCount(); i++) {
          out.writeNumber(ids.getIds(i));
        }
        out.writeEndArray();
      }
      case TEXT -> out.writeStringField("prompt", request.getText());
      case CHAT -> writeChat(out, request.getChat());
      case PROMPT_NOT_SET -> throw new IllegalArgumentException("no prompt");
    }
  }

  private static void writeChat(JsonGenerator out, ChatPrompt chat) throws IOException {
    out.writeArrayFieldStart("messages");
    for (ChatMessage message : chat.getMessagesList()) {
      out.writeStartObject();
      out.writeStringField("role", message.getRole());
      if (!message.getExtra().containsFields("content")) {
        out.writeStringField("content", message.getContent());
      }
      Json.writeFields(out, message.getExtra());
      out.writeEndObject();
    }
    out.writeEndArray();
    if (chat.getToolsCount() > 0) {
      out.writeArrayFieldStart("tools");
      for (Struct tool : chat.getToolsList()) {
        Json.write(out, tool);
      }
      out.writeEndArray();
    }
  }

  private static void writeSampling(JsonGenerator out, SamplingParams sampling, boolean chat)
      throws IOException {
    writeIf(out, "max_tokens", sampling.hasMaxTokens(), sampling.getMaxTokens());
    writeIf(out, "temperature", sampling.hasTemperature(), sampling.getTemperature());
    writeIf(out, "top_p", sampling.hasTopP(), sampling.getTopP());
    writeIf(out, "top_k", sampling.hasTopK(), sampling.getTopK());
    writeIf(out, "min_p", sampling.hasMinP(), sampling.getMinP());
    writeIf(
        out, "frequency_penalty", sampling.hasFrequencyPenalty(), sampling.getFrequencyPenalty());
    writeIf(out, "presence_penalty", sampling.hasPresencePenalty(), sampling.getPresencePenalty());
    writeIf(
        out,
        "repetition_penalty",
        sampling.hasRepetitionPenalty(),
        sampling.getRepetitionPenalty());
    writeIf(out, "seed", sampling.hasSeed(), sampling.getSeed());
    writeIf(out, "n", sampling.hasN(), sampling.getN());
    if (sampling.getStopCount() > 0) {
      out.writeArrayFieldStart("stop");
      for (String stop : sampling.getStopList()) {
        out.writeString(stop);
      }
      out.writeEndArray();
    }
    if (sampling.getStopTokenIdsCount() > 0) {
      out.writeArrayFieldStart("stop_token_ids");
      for (int id : sampling.getStopTokenIdsList()) {
        out.writeNumber(id);
      }
      out.writeEndArray();
    }
    if (sampling.hasIgnoreEos()) {
      out.writeBooleanField("ignore_eos", sampling.getIgnoreEos());
    }
    writeLogprobs(out, sampling, chat);
    Json.writeFields(out, sampling.getExtra());
  }

  private static void writeLogprobs(JsonGenerator out, SamplingParams sampling, boolean chat)
      throws IOException {
    if (!sampling.hasLogprobs()) {
      return;
    }
    if (chat) {
      out.writeBooleanField("logprobs", true);
      out.writeNumberField("top_logprobs", sampling.getLogprobs());
    } else {
      out.writeNumberField("logprobs", sampling.getLogprobs());
    }
  }

  private static void writeIf(JsonGenerator out, String name, boolean present, long value)
      throws IOException {
    if (present) {
      out.writeNumberField(name, value);
    }
  }

  private static void writeIf(JsonGenerator out, String name, boolean present, double value)
      throws IOException {
    if (present) {
      out.writeNumberField(name, value);
    }
  }
}
