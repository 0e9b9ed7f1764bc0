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
 * agent accounts for: when output began, and the usage. Pieces may be cut anywhere. Not
 * thread-safe.
 */
public final class AnswerMeter {

  /*
   * A usage object is found by its name, wherever it is: OpenAI's APIs have it at the top or in the
   * `response` of an event, Anthropic's in the `message` of one event and at the top of another.
   * Within a JSON text the quotes of "usage" would be escaped, so what a model writes is never
   * taken for it.
   *
   * An error within a stream is an event whose data begins with the member `error`.
   *
   * Streams of /v1/responses announce themselves before the engine has begun. Their output begins
   * with the first event whose type ends in `delta`.
   *
   * Names are searched for as Latin-1 strings, one character a byte, because the JVM does that many
   * bytes at a time. A piece is searched behind the tail of the one before it, where a name may have
   * begun.
   */
  private static final String NAME = "\"usage\"";
  private static final String DELTA = "delta\"";
  private static final String ERROR = "\"error\"";
  private static final String EVENT = "data:";
  private static final String EVENT_END = "\n\n";

  /** Longer than any name, and than the beginning of an event that tells an error. */
  private static final int TAIL_BYTES = 32;

  private static final int MAX_OBJECT_BYTES = 4096;
  private static final int INITIAL_OBJECT_BYTES = 256;

  private final boolean announced;
  private String tail = "";
  private boolean tailIsBeginning = true;
  private State state = State.TEXT;
  private boolean toldError;
  private boolean output;
  private int events;

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
  }

  /** Looks at a piece of the body, and leaves it as it is. */
  public void look(ByteBuf piece) {
    if (!piece.isReadable()) {
      return;
    }
    int known = tail.length();
    String text = tail.concat(piece.toString(StandardCharsets.ISO_8859_1));
    countEvents(text, known);
    output = output || !announced || find(DELTA, text, known) >= 0;
    toldError = toldError || tellsError(text, known);
    lookForUsage(text, known);
    tailIsBeginning &= text.length() <= TAIL_BYTES;
    tail = text.substring(Math.max(0, text.length() - TAIL_BYTES));
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
    return said ? new EngineUsage(promptTokens, completionTokens, cachedTokens) : null;
  }

  /** Where a name is that does not lie wholly in the first {@code known} bytes, or -1. */
  private static int find(String name, String text, int known) {
    return text.indexOf(name, Math.max(0, known - name.length() + 1));
  }

  private void countEvents(String text, int known) {
    for (@Var int at = find(EVENT_END, text, known);
        at >= 0;
        at = text.indexOf(EVENT_END, at + 1)) {
      events++;
    }
  }

  private boolean tellsError(String text, int known) {
    for (@Var int at = find(ERROR, text, known); at >= 0; at = text.indexOf(ERROR, at + 1)) {
      if (beginsEvent(text, at)) {
        return true;
      }
    }
    return false;
  }

  /** Whether only an opening brace is between the beginning of an event's data and a member. */
  private boolean beginsEvent(String text, int member) {
    int brace = skipSpacesBack(text, member) - 1;
    if (brace < 0 || text.charAt(brace) != '{') {
      return false;
    }
    int event = skipSpacesBack(text, brace) - EVENT.length();
    if (event < 0 || !text.startsWith(EVENT, event)) {
      return false;
    }
    return event == 0 ? tailIsBeginning : text.charAt(event - 1) == '\n';
  }

  private static int skipSpacesBack(String text, int from) {
    @Var int at = from;
    while (at > 0 && text.charAt(at - 1) == ' ') {
      at--;
    }
    return at;
  }

  private void lookForUsage(String text, int known) {
    @Var int at = known;
    while (at < text.length()) {
      if (state == State.TEXT) {
        int name = at == known ? find(NAME, text, known) : text.indexOf(NAME, at);
        if (name < 0) {
          return;
        }
        state = State.NAME_READ;
        at = name + NAME.length();
      } else {
        look((byte) text.charAt(at));
        at++;
      }
    }
  }

  private void look(byte value) {
    switch (state) {
      case NAME_READ -> expect(value, ':', State.COLON_READ);
      case COLON_READ -> {
        expect(value, '{', State.OBJECT);
        if (state == State.OBJECT) {
          beginObject();
        }
      }
      case OBJECT -> addToObject(value);
      case TEXT -> {} // Searched, not read byte by byte.
    }
  }

  private void expect(byte value, char wanted, State next) {
    if (value == wanted) {
      state = next;
    } else if (value != ' ' && value != '\n' && value != '\r' && value != '\t') {
      state = State.TEXT;
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
