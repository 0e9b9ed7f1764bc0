package io.warmpath.router.prompt;

import com.google.errorprone.annotations.Var;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a router needs of an OpenAI or Anthropic style request body: the model, what identifies the
 * prompt, and what keeps related requests together. Read in one pass; the body itself is never
 * changed.
 *
 * <p>Nothing is refused here: what is malformed or of another type than expected counts as absent,
 * and the engine, which gets the body as it came, says so in its own words.
 */
public final class PromptBody {

  /*
   * Canonical form. A prompt given as text is its UTF-8 bytes, and one given as token ids is the
   * ids, as in gRPC. A conversation is
   *
   *   {"options":{...},"tools":[...],"system":...,"messages":[...]}
   *
   * with options and system only where given: what chat templates put first comes first, and a
   * conversation that goes on has the bytes of its beginning as a prefix. CanonicalChat writes the
   * same for gRPC. Sampling fields are not in it, nor are CacheMarks.
   */

  private static final byte[] ROLE = "\"role\":\"".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] USER = "user\"".getBytes(StandardCharsets.US_ASCII);

  private static final String PREVIOUS_RESPONSE = "previous_response_id";

  /** Bytes of the text up to which nothing grows. */
  private static final int SMALL = 256;

  private final JsonReader json;
  private final Map<String, byte[]> options = new TreeMap<>();
  private final List<String> only = new ArrayList<>();
  private final List<String> ignore = new ArrayList<>();
  private final List<String> order = new ArrayList<>();
  private boolean allowFallbacks = true;
  private String sort = "";
  private boolean malformed;
  private boolean stream;
  private boolean addSpecialTokens = true;
  private String model = "";
  private String cacheSalt = "";
  private String promptCacheKey = "";
  private String user = "";
  private String sessionId = "";
  private @Nullable ByteSink tools;
  private @Nullable ByteSink system;
  private @Nullable ByteSink messages;
  private @Nullable ByteSink text;
  private int @Nullable [] tokens;
  private int tokenCount;
  private int openingEnd;
  private byte @Nullable [] canonical;

  private PromptBody(JsonReader json) {
    this.json = json;
  }

  /** Reads {@code body}, which is not kept. */
  public static PromptBody parse(byte[] body) {
    PromptBody parsed = new PromptBody(new JsonReader(body));
    try {
      parsed.readObject(body.length);
    } catch (MalformedJsonException e) {
      parsed.malformed = true;
    }
    return parsed;
  }

  /** Whether the body is no JSON object; what was read before the fault is kept. */
  public boolean malformed() {
    return malformed;
  }

  /** The model, empty when absent. */
  public String model() {
    return model;
  }

  /** Whether the answer is asked for as a stream. */
  public boolean stream() {
    return stream;
  }

  /** The cache salt, empty when absent. */
  public String cacheSalt() {
    return cacheSalt;
  }

  /** The prompt cache key, empty when absent. */
  public String promptCacheKey() {
    return promptCacheKey;
  }

  /** The end user, empty when absent. */
  public String user() {
    return user;
  }

  /** The session id, empty when absent. */
  public String sessionId() {
    return sessionId;
  }

  /** The response that this one goes on from, empty when absent. */
  public String previousResponseId() {
    byte[] option = options.get(PREVIOUS_RESPONSE);
    return option == null || option[0] != '"'
        ? ""
        : new String(option, 1, option.length - 2, StandardCharsets.UTF_8);
  }

  /** Replicas that alone may serve. */
  public List<String> only() {
    return only;
  }

  /** Replicas that may not serve. */
  public List<String> ignore() {
    return ignore;
  }

  /** Replicas to try first. */
  public List<String> order() {
    return order;
  }

  /** Whether replicas outside {@link #order} may serve. */
  public boolean allowFallbacks() {
    return allowFallbacks;
  }

  /** What the best replica is, as given: a word, or any other value's canonical form; or empty. */
  public String sort() {
    return sort;
  }

  /** The prompt's token ids, or null when it is not given as ids. */
  public int @Nullable [] tokenIds() {
    return tokens == null ? null : Arrays.copyOf(tokens, tokenCount);
  }

  /**
   * Whether the prompt is a text that the engine begins with the model's special tokens, as it does
   * unless told otherwise; a conversation gets its own from the chat template.
   */
  public boolean addsSpecialTokens() {
    return text != null && addSpecialTokens;
  }

  /** Whether the prompt is text, and not token ids or a conversation. */
  public boolean isText() {
    return text != null;
  }

  /** The prompt's canonical bytes; empty when there is no prompt, or it is given as ids. */
  public byte[] canonicalBytes() {
    if (canonical == null) {
      canonical = writeCanonical();
    }
    return canonical;
  }

  private byte[] writeCanonical() {
    if (text != null) {
      return text.copyOfRange(0, text.length());
    }
    if (messages == null && system == null && tools == null) {
      return new byte[0];
    }
    ByteSink out = new ByteSink(SMALL + (messages == null ? 0 : messages.length()));
    out.write('{');
    writeOptions(out);
    out.ascii("\"tools\":[");
    writeSection(out, tools);
    out.ascii("],");
    if (system != null) {
      out.ascii("\"system\":");
      out.write(system);
      out.write(',');
    }
    out.ascii("\"messages\":");
    writeSection(out, messages);
    out.write('}');
    return out.copyOfRange(0, out.length());
  }

  /**
   * How many of the {@link #canonicalBytes} are a conversation's opening: all up to its first
   * message of the user, which stays the same while the conversation goes on. 0 for what is no
   * conversation.
   */
  public int openingBytes() {
    if (openingEnd == 0 || messages == null || text != null) {
      return 0;
    }
    return canonicalBytes().length - 1 - messages.length() + openingEnd;
  }

  private void writeOptions(ByteSink out) {
    if (options.isEmpty()) {
      return;
    }
    out.ascii("\"options\":{");
    @Var boolean first = true;
    for (Map.Entry<String, byte[]> option : options.entrySet()) {
      if (!first) {
        out.write(',');
      }
      first = false;
      out.ascii("\"" + option.getKey() + "\":");
      out.write(option.getValue(), 0, option.getValue().length);
    }
    out.ascii("},");
  }

  private static void writeSection(ByteSink out, @Nullable ByteSink section) {
    if (section != null) {
      out.write(section);
    }
  }

  // ---- reading

  private void readObject(int bodyLength) throws MalformedJsonException {
    json.take('{');
    for (@Var boolean first = true; !json.takeIf('}'); first = false) {
      if (!first) {
        json.take(',');
      }
      readMember(json.name(), bodyLength);
    }
    if (!json.atEnd()) {
      throw new MalformedJsonException("something follows the object");
    }
  }

  private void readMember(String name, int bodyLength) throws MalformedJsonException {
    switch (name) {
      case "model" -> model = textOr(model);
      case "stream" -> stream = flagOr(stream);
      case "add_special_tokens" -> addSpecialTokens = flagOr(addSpecialTokens);
      case "cache_salt" -> cacheSalt = textOr(cacheSalt);
      case "prompt_cache_key" -> promptCacheKey = textOr(promptCacheKey);
      case "user" -> user = textOr(user);
      case "session_id" -> sessionId = textOr(sessionId);
      case "provider" -> readProvider();
      case "prompt" -> readPrompt(bodyLength);
      case "token_ids" -> readTokenIds(bodyLength);
      case "messages", "input" -> messages = conversation(bodyLength);
      case "system", "instructions" -> system = canonical(SMALL);
      case "tools" -> readTools();
      case "chat_template",
          "chat_template_kwargs",
          "documents",
          "functions",
          PREVIOUS_RESPONSE,
          "reasoning_effort" ->
          readOption(name);
      default -> json.skip();
    }
  }

  private void readOption(String name) throws MalformedJsonException {
    ByteSink option = canonical(SMALL);
    options.put(name, option.copyOfRange(0, option.length()));
  }

  private void readTools() throws MalformedJsonException {
    if (json.peek() == '[') {
      ByteSink sink = new ByteSink(SMALL);
      json.elements(sink);
      tools = sink;
    } else {
      json.skip();
    }
  }

  /* Canonical, too; notes where the first message of the user ends. */
  private ByteSink conversation(int expectedBytes) throws MalformedJsonException {
    openingEnd = 0;
    if (json.peek() != '[') {
      return canonical(expectedBytes);
    }
    ByteSink sink = new ByteSink(expectedBytes);
    sink.write('[');
    json.elements(
        sink,
        from -> {
          if (openingEnd == 0 && isOfUser(sink, from)) {
            openingEnd = sink.length();
          }
        });
    sink.write(']');
    return sink;
  }

  /* In canonical form little comes behind the role, so it is looked for from the end. */
  private static boolean isOfUser(ByteSink sink, int from) {
    byte[] bytes = sink.array();
    for (int at = sink.length() - ROLE.length; at >= from; at--) {
      if (Arrays.equals(bytes, at, at + ROLE.length, ROLE, 0, ROLE.length)) {
        int value = at + ROLE.length;
        return Arrays.equals(
            bytes, value, Math.min(sink.length(), value + USER.length), USER, 0, USER.length);
      }
    }
    return false;
  }

  private ByteSink canonical(int expectedBytes) throws MalformedJsonException {
    ByteSink sink = new ByteSink(expectedBytes);
    json.canonical(sink);
    return sink;
  }

  /* One text, one list of ids, or a batch of either; a batch is one prompt after the other. */
  private void readPrompt(int bodyLength) throws MalformedJsonException {
    switch (json.peek()) {
      case '"' -> readText(bodyLength);
      case '[' -> {
        json.take('[');
        for (@Var boolean first = true; !json.takeIf(']'); first = false) {
          if (!first) {
            json.take(',');
          }
          readPromptElement(bodyLength);
        }
      }
      default -> json.skip();
    }
  }

  private void readPromptElement(int bodyLength) throws MalformedJsonException {
    switch (json.peek()) {
      case '"' -> readText(bodyLength);
      case '[' -> {
        json.take('[');
        for (@Var boolean first = true; !json.takeIf(']'); first = false) {
          if (!first) {
            json.take(',');
          }
          addToken(json.index(), bodyLength);
        }
      }
      default -> addToken(json.index(), bodyLength);
    }
  }

  /** The prompt of vLLM's {@code /inference/v1/generate}. */
  private void readTokenIds(int bodyLength) throws MalformedJsonException {
    if (json.peek() == '[') {
      readPromptElement(bodyLength);
    } else {
      json.skip();
    }
  }

  private void readText(int bodyLength) throws MalformedJsonException {
    if (text == null) {
      text = new ByteSink(bodyLength);
    } else {
      text.write(0);
    }
    json.string(text, false);
  }

  private void addToken(int id, int bodyLength) {
    if (tokens == null) {
      tokens = new int[Math.max(16, bodyLength / 6)];
    } else if (tokenCount == tokens.length) {
      tokens = Arrays.copyOf(tokens, tokenCount * 2);
    }
    tokens[tokenCount++] = id;
  }

  private void readProvider() throws MalformedJsonException {
    if (json.peek() != '{') {
      json.skip();
      return;
    }
    json.take('{');
    for (@Var boolean first = true; !json.takeIf('}'); first = false) {
      if (!first) {
        json.take(',');
      }
      switch (json.name()) {
        case "only" -> readIds(only);
        case "ignore" -> readIds(ignore);
        case "order" -> readIds(order);
        case "allow_fallbacks" -> allowFallbacks = flagOr(allowFallbacks);
        case "sort" -> sort = anyText();
        default -> json.skip();
      }
    }
  }

  private void readIds(List<String> ids) throws MalformedJsonException {
    if (json.peek() != '[') {
      json.skip();
      return;
    }
    json.take('[');
    for (@Var boolean first = true; !json.takeIf(']'); first = false) {
      if (!first) {
        json.take(',');
      }
      ids.add(json.text());
    }
  }

  private String textOr(String otherwise) throws MalformedJsonException {
    if (json.peek() == '"') {
      return json.text();
    }
    json.skip();
    return otherwise;
  }

  /** A string as it is, nothing for null, anything else as it is written. */
  private String anyText() throws MalformedJsonException {
    if (json.peek() == '"') {
      return json.text();
    }
    String written = canonical(SMALL).text(0);
    return written.equals("null") ? "" : written;
  }

  private boolean flagOr(boolean otherwise) throws MalformedJsonException {
    byte first = json.peek();
    json.skip();
    return first == 't' || (first != 'f' && otherwise);
  }
}
