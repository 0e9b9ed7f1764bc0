package io.warmpath.agent.engine;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.errorprone.annotations.Var;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Watches an answer of any of an engine's APIs pass, whole or as a stream, and picks out what the
 * agent accounts for: when output began, and the usage. The bytes are looked at once, where they
 * lie; only a usage object is copied. Not thread-safe.
 */
public final class AnswerMeter {

  /*
   * A usage object is found by its name, wherever it is: OpenAI's APIs have it at the top or in the
   * `response` of an event, Anthropic's in the `message` of one event and at the top of another.
   * Within a JSON text the quotes of "usage" would be escaped, so what a model writes is never
   * taken for it. Pieces may be cut anywhere.
   *
   * An error within a stream is an event whose data begins with the member `error`.
   *
   * Streams of /v1/responses announce themselves before the engine has begun. Their output begins
   * with the first event whose type ends in `delta`.
   *
   * A response that is shown again, below /v1/responses/, has a usage that was counted when it was
   * made, unless it was made in the background: then nobody was told until it is asked for.
   */
  private static final byte[] NAME = "\"usage\"".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DELTA = "delta\"".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ERROR = "\ndata:{\"error\":".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] BACKGROUND =
      "\"background\":true".getBytes(StandardCharsets.US_ASCII);
  private static final int MAX_OBJECT_BYTES = 4096;
  private static final int INITIAL_OBJECT_BYTES = 256;

  private static final EngineUsage NOTHING = new EngineUsage(0, 0, 0);

  private final boolean announced;
  private final boolean shownAgain;
  private boolean background;
  private int backgroundMatched;
  private State state = State.TEXT;
  private int matched;
  private int deltaMatched;
  private int errorMatched = 1; // The first line has no line break before it.
  private boolean toldError;
  private boolean output;
  private int events;
  private byte previous;

  private byte[] object = new byte[0];
  private int objectLength;
  private int depth;
  private boolean inText;
  private boolean escaped;

  private boolean said;
  private int promptTokens;
  private int completionTokens;
  private int cachedTokens = -1;

  /** What the next byte belongs to. */
  private enum State {
    /** Anything, perhaps the name. */
    TEXT,
    /** Behind the name. */
    NAME_READ,
    /** Behind the name and its colon. */
    COLON_READ,
    /** A usage object. */
    OBJECT,
  }

  /**
   * A meter of one answer.
   *
   * @param path of the request, with or without its query
   */
  public AnswerMeter(String path) {
    this.announced = path.startsWith("/v1/responses");
    this.shownAgain = path.startsWith("/v1/responses/");
  }

  /** Looks at a piece of the body, and leaves it as it is. */
  public void look(ByteBuf piece) {
    if (!announced) {
      output |= piece.isReadable();
    }
    piece.forEachByte(value -> {
      look(value);
      return true;
    });
  }

  /** Whether output of the model has passed. */
  public boolean hasOutput() {
    return output;
  }

  /** Whether an event of a stream told an error. */
  public boolean toldError() {
    return toldError;
  }

  /** Events of a stream that have passed, the end mark included. */
  public int events() {
    return events;
  }

  /** The counts that the engine has said so far, or null. */
  public @Nullable EngineUsage usage() {
    if (shownAgain && !background) {
      return NOTHING;
    }
    return said ? new EngineUsage(promptTokens, completionTokens, cachedTokens) : null;
  }

  private void look(byte value) {
    if (value == '\n' && previous == '\n') {
      events++;
    }
    previous = value;
    lookForError(value);
    if (shownAgain && !background && value != ' ') {
      backgroundMatched = advance(BACKGROUND, backgroundMatched, value);
      background = backgroundMatched == BACKGROUND.length;
    }
    if (!output) {
      deltaMatched = advance(DELTA, deltaMatched, value);
      output = deltaMatched == DELTA.length;
    }
    switch (state) {
      case TEXT -> lookForName(value);
      case NAME_READ -> expect(value, ':', State.COLON_READ);
      case COLON_READ -> {
        expect(value, '{', State.OBJECT);
        if (state == State.OBJECT) {
          beginObject();
        }
      }
      case OBJECT -> addToObject(value);
    }
  }

  private void lookForError(byte value) {
    if (value == ' ' && errorMatched > 1) {
      return; // Wherever JSON and the event's form allow it.
    }
    errorMatched = advance(ERROR, errorMatched, value);
    if (errorMatched == ERROR.length) {
      toldError = true;
      errorMatched = 0;
    }
  }

  private void lookForName(byte value) {
    matched = advance(NAME, matched, value);
    if (matched == NAME.length) {
      matched = 0;
      state = State.NAME_READ;
    }
  }

  /** A pattern's first byte comes again only where a name in JSON ends, which makes this exact. */
  private static int advance(byte[] pattern, int matched, byte value) {
    if (value == pattern[matched]) {
      return matched + 1;
    }
    return value == pattern[0] ? 1 : 0;
  }

  private void expect(byte value, char wanted, State next) {
    if (value == wanted) {
      state = next;
    } else if (value != ' ' && value != '\n' && value != '\r' && value != '\t') {
      state = State.TEXT;
      lookForName(value);
    }
  }

  private void beginObject() {
    if (object.length == 0) {
      object = new byte[INITIAL_OBJECT_BYTES];
    }
    object[0] = '{';
    objectLength = 1;
    depth = 1;
    inText = false;
    escaped = false;
  }

  private void addToObject(byte value) {
    if (objectLength == MAX_OBJECT_BYTES) {
      state = State.TEXT; // No usage is that long.
      return;
    }
    if (objectLength == object.length) {
      object = Arrays.copyOf(object, object.length * 2);
    }
    object[objectLength++] = value;
    if (inText) {
      inText = escaped || value != '"';
      escaped = !escaped && value == '\\';
      return;
    }
    switch (value) {
      case '"' -> inText = true;
      case '{' -> depth++;
      case '}' -> depth--;
      default -> {}
    }
    if (depth == 0) {
      state = State.TEXT;
      readObject();
    }
  }

  private void readObject() {
    try (JsonParser in = Json.FACTORY.createParser(object, 0, objectLength)) {
      in.nextToken();
      take(Counts.read(in));
    } catch (IOException notUsage) {
      // An engine that says it badly has not said it.
    }
  }

  /** Counts grow along a stream, and an event may tell only some of them. */
  private void take(Counts counts) {
    if (counts.prompt < 0 && counts.completion < 0) {
      return;
    }
    said = true;
    int besideInput = Math.max(0, counts.cacheRead) + Math.max(0, counts.cacheCreation);
    promptTokens = Math.max(promptTokens, counts.prompt + besideInput);
    completionTokens = Math.max(completionTokens, counts.completion);
    cachedTokens = Math.max(cachedTokens, Math.max(counts.cached, counts.cacheRead));
  }

  /** The counts of one usage object, -1 where it does not say. */
  private static final class Counts {
    private int prompt = -1;
    private int completion = -1;
    private int cached = -1;
    private int cacheRead = -1;
    private int cacheCreation = -1;

    static Counts read(JsonParser in) throws IOException {
      Counts counts = new Counts();
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        in.nextToken();
        switch (field) {
          case "prompt_tokens", "input_tokens" -> counts.prompt = count(in);
          case "completion_tokens", "output_tokens" -> counts.completion = count(in);
          case "prompt_tokens_details", "input_tokens_details" -> counts.cached = cached(in);
          case "cache_read_input_tokens" -> counts.cacheRead = count(in);
          case "cache_creation_input_tokens" -> counts.cacheCreation = count(in);
          default -> in.skipChildren();
        }
      }
      return counts;
    }

    private static int cached(JsonParser in) throws IOException {
      @Var int cached = -1;
      if (in.currentToken() != JsonToken.START_OBJECT) {
        return cached;
      }
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        in.nextToken();
        if (field.equals("cached_tokens")) {
          cached = count(in);
        } else {
          in.skipChildren();
        }
      }
      return cached;
    }

    private static int count(JsonParser in) throws IOException {
      if (in.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        in.skipChildren();
        return -1;
      }
      double value = in.getDoubleValue();
      return value >= 0 && value <= (Integer.MAX_VALUE >> 2) ? (int) value : -1;
    }
  }
}
