package io.warmpath.agent.engine;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.google.errorprone.annotations.Var;
import com.google.protobuf.Struct;
import io.warmpath.agent.http.MalformedStreamException;
import io.warmpath.v1.Delta;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events of a streamed completion or chat completion of one request. Fields that it does
 * not know are skipped in a completion and passed on in a chat, where they carry tool calls and
 * reasoning. Not thread-safe.
 */
public final class CompletionStream {

  private static final byte[] DONE = {'[', 'D', 'O', 'N', 'E', ']'};

  private static final int MAX_INDEX = 127;

  private final CompletionListener listener;
  private final List<Delta.Builder> deltas = new ArrayList<>();
  private int[] completionTokens = new int[1];
  private int promptTokens;
  private int cachedTokens = -1;
  private @Nullable Counts counts;

  /** Token counts of one event; -1 where it does not say. */
  private static final class Counts {
    private int prompt = -1;
    private int completion = -1;
    private int cached = -1;
  }

  /** A reader that tells {@code listener}. */
  public CompletionStream(CompletionListener listener) {
    this.listener = listener;
  }

  /**
   * Reads the data of one event.
   *
   * @throws MalformedStreamException when it is not what an engine may send
   */
  public void event(byte[] bytes, int offset, int length) throws MalformedStreamException {
    if (Arrays.equals(bytes, offset, offset + length, DONE, 0, DONE.length)) {
      listener.onDone();
      return;
    }
    deltas.clear();
    counts = null;
    try (JsonParser in = Json.FACTORY.createParser(bytes, offset, length)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedStreamException("an event is not a JSON object");
      }
      if (readChunk(in)) {
        emit();
      }
    } catch (JsonProcessingException malformed) {
      throw new MalformedStreamException("an event is not JSON");
    } catch (IOException impossible) {
      throw new IllegalStateException("reading from memory failed", impossible);
    }
  }

  /** Reads a chunk; returns whether it was one, not an error. */
  private boolean readChunk(JsonParser in) throws IOException, MalformedStreamException {
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String field = in.currentName();
      JsonToken value = in.nextToken();
      switch (field) {
        case "choices" -> readChoices(in);
        case "usage" -> {
          if (value == JsonToken.START_OBJECT) {
            readUsage(in);
          }
        }
        case "error" -> {
          if (value == JsonToken.START_OBJECT) {
            readError(in);
            return false;
          }
        }
        default -> in.skipChildren();
      }
    }
    return true;
  }

  private void readChoices(JsonParser in) throws IOException, MalformedStreamException {
    if (in.currentToken() != JsonToken.START_ARRAY) {
      throw new MalformedStreamException("'choices' is not a list");
    }
    while (in.nextToken() != JsonToken.END_ARRAY) {
      if (in.currentToken() != JsonToken.START_OBJECT) {
        throw new MalformedStreamException("a choice is not an object");
      }
      deltas.add(readChoice(in));
    }
  }

  private Delta.Builder readChoice(JsonParser in) throws IOException, MalformedStreamException {
    Delta.Builder delta = Delta.newBuilder();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String field = in.currentName();
      JsonToken value = in.nextToken();
      switch (field) {
        case "index" -> delta.setIndex(wholeNumber(in, "index", MAX_INDEX));
        case "text" -> delta.setText(text(in));
        case "delta" -> {
          if (value == JsonToken.START_OBJECT) {
            readChatDelta(in, delta);
          }
        }
        case "finish_reason" -> delta.setFinishReason(text(in));
        case "logprobs" -> {
          if (value == JsonToken.START_OBJECT) {
            delta.setLogprobs(Json.readStruct(in));
          }
        }
        case "token_ids" -> {
          if (value == JsonToken.START_ARRAY) {
            while (in.nextToken() != JsonToken.END_ARRAY) {
              delta.addTokenIds(wholeNumber(in, "token_ids", Integer.MAX_VALUE));
            }
          }
        }
        default -> in.skipChildren();
      }
    }
    return delta;
  }

  private static void readChatDelta(JsonParser in, Delta.Builder delta) throws IOException {
    @Var Struct.@Nullable Builder extra = null;
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String field = in.currentName();
      JsonToken value = in.nextToken();
      switch (field) {
        case "content" -> delta.setText(text(in));
        case "role" -> in.skipChildren();
        default -> {
          if (value == JsonToken.VALUE_NULL) {
            continue;
          }
          if (extra == null) {
            extra = Struct.newBuilder();
          }
          extra.putFields(field, Json.readValue(in));
        }
      }
    }
    if (extra != null) {
      delta.setExtra(extra);
    }
  }

  private void readUsage(JsonParser in) throws IOException, MalformedStreamException {
    Counts read = new Counts();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String field = in.currentName();
      JsonToken value = in.nextToken();
      switch (field) {
        case "prompt_tokens" -> read.prompt = wholeNumber(in, field, Integer.MAX_VALUE);
        case "completion_tokens" -> read.completion = wholeNumber(in, field, Integer.MAX_VALUE);
        case "prompt_tokens_details" -> {
          if (value == JsonToken.START_OBJECT) {
            read.cached = readCachedTokens(in);
          }
        }
        default -> in.skipChildren();
      }
    }
    counts = read;
  }

  private static int readCachedTokens(JsonParser in) throws IOException, MalformedStreamException {
    @Var int cached = -1;
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String field = in.currentName();
      JsonToken value = in.nextToken();
      if (field.equals("cached_tokens") && value != JsonToken.VALUE_NULL) {
        cached = wholeNumber(in, field, Integer.MAX_VALUE);
      } else {
        in.skipChildren();
      }
    }
    return cached;
  }

  private void readError(JsonParser in) throws IOException {
    @Var String message = "the engine gave up on the request";
    @Var int code = 500;
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String field = in.currentName();
      JsonToken value = in.nextToken();
      if (field.equals("message") && value == JsonToken.VALUE_STRING) {
        message = in.getText();
      } else if (field.equals("code") && value == JsonToken.VALUE_NUMBER_INT) {
        code = (int) in.getDoubleValue();
      } else {
        in.skipChildren();
      }
    }
    listener.onError(new EngineError(code, EngineError.oneLine(message), 0));
  }

  private void emit() {
    Counts said = counts;
    for (Delta.Builder delta : deltas) {
      if (said != null && said.completion >= 0) {
        delta.setTokenCount(newTokens(delta.getIndex(), said.completion));
      } else {
        delta.setTokenCount(delta.getTokenIdsCount());
      }
      if (hasOutput(delta)) {
        listener.onDelta(delta.build());
      }
    }
    if (said != null) {
      promptTokens = Math.max(promptTokens, said.prompt);
      cachedTokens = Math.max(cachedTokens, said.cached);
      int completion = deltas.isEmpty() ? said.completion : Arrays.stream(completionTokens).sum();
      listener.onUsage(new EngineUsage(promptTokens, Math.max(0, completion), cachedTokens));
    }
  }

  /**
   * Tokens of completion {@code index} since its last event; its running total is {@code total}.
   */
  private int newTokens(int index, int total) {
    if (index >= completionTokens.length) {
      completionTokens = Arrays.copyOf(completionTokens, index + 1);
    }
    int before = completionTokens[index];
    completionTokens[index] = Math.max(before, total);
    return completionTokens[index] - before;
  }

  /** A chat's first event often has a role only: that is not output. */
  private static boolean hasOutput(Delta.Builder delta) {
    return delta.getTokenCount() > 0
        || !delta.getText().isEmpty()
        || delta.getTokenIdsCount() > 0
        || !delta.getFinishReason().isEmpty()
        || delta.hasExtra();
  }

  private static String text(JsonParser in) throws IOException {
    return in.currentToken() == JsonToken.VALUE_STRING ? in.getText() : skip(in);
  }

  private static String skip(JsonParser in) throws IOException {
    in.skipChildren();
    return "";
  }

  private static int wholeNumber(JsonParser in, String field, int max)
      throws IOException, MalformedStreamException {
    if (in.currentToken() == JsonToken.VALUE_NUMBER_INT) {
      double value = in.getDoubleValue();
      if (value >= 0 && value <= max) {
        return (int) value;
      }
    }
    throw new MalformedStreamException("'" + field + "' is not a number from 0 to " + max);
  }
}
