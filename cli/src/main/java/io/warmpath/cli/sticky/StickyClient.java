package io.warmpath.cli.sticky;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Sends the calls of a sticky test as an OpenAI client would. Thread-safe. */
final class StickyClient implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int COMPLETION_TOKENS = 8;
  private static final int OK = 200;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<Integer> ports;
  private final String model;
  private final AtomicInteger calls = new AtomicInteger();

  /** A client that goes to the routers at {@code ports} in turn. */
  StickyClient(List<Integer> ports, String model) {
    this.ports = List.copyOf(ports);
    this.model = model;
  }

  /** What one call cost, and who served it. */
  record Call(int promptTokens, int cachedTokens, int completionTokens, String replica) {}

  /** How a prompt is sent. */
  enum Kind {
    CHAT,
    STREAMED_CHAT,
    COMPLETION,
  }

  /**
   * Sends a prompt.
   *
   * @param session to say, or null for none
   * @param replica that alone may serve it, or null for any
   * @throws IOException when it is not answered
   */
  Call send(Kind kind, String prompt, @Nullable String session, @Nullable String replica)
      throws IOException, InterruptedException {
    ObjectNode body = JSON.createObjectNode().put("model", model);
    body.put("max_tokens", COMPLETION_TOKENS);
    if (kind == Kind.COMPLETION) {
      body.put("prompt", prompt);
    } else {
      body.putArray("messages").addObject().put("role", "user").put("content", prompt);
    }
    if (kind == Kind.STREAMED_CHAT) {
      body.put("stream", true).putObject("stream_options").put("include_usage", true);
    }
    if (replica != null) {
      body.putObject("provider").putArray("only").add(replica);
    }
    String path = kind == Kind.COMPLETION ? "/v1/completions" : "/v1/chat/completions";
    return post(path, body, kind == Kind.STREAMED_CHAT, session);
  }

  /**
   * Sends a conversation.
   *
   * @param messages the system's, then the user's and the assistant's in turn
   * @param session to say, or null for none
   * @throws IOException when it is not answered
   */
  Call converse(List<String> messages, @Nullable String session)
      throws IOException, InterruptedException {
    ObjectNode body = JSON.createObjectNode().put("model", model);
    body.put("max_tokens", COMPLETION_TOKENS);
    ArrayNode list = body.putArray("messages");
    for (int i = 0; i < messages.size(); i++) {
      String role = i == 0 ? "system" : i % 2 == 1 ? "user" : "assistant";
      list.addObject().put("role", role).put("content", messages.get(i));
    }
    return post("/v1/chat/completions", body, false, session);
  }

  private Call post(String path, ObjectNode body, boolean streamed, @Nullable String session)
      throws IOException, InterruptedException {
    int port = ports.get(Math.floorMod(calls.getAndIncrement(), ports.size()));
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(LIMIT)
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)));
    if (session != null) {
      request.header("x-session-affinity", session);
    }
    HttpResponse<String> response =
        http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != OK) {
      throw new IOException("status " + response.statusCode() + ": " + response.body());
    }
    return call(response, usage(streamed, response.body()));
  }

  private static Call call(HttpResponse<String> response, JsonNode usage) {
    return new Call(
        usage.path("prompt_tokens").asInt(),
        usage.path("prompt_tokens_details").path("cached_tokens").asInt(),
        usage.path("completion_tokens").asInt(),
        response.headers().firstValue("x-warmpath-replica").orElse(""));
  }

  private static JsonNode usage(boolean streamed, String body) throws IOException {
    if (!streamed) {
      return JSON.readTree(body).path("usage");
    }
    @Var String last = "{}";
    for (String line : body.lines().toList()) {
      if (line.startsWith("data: {")) {
        last = line.substring("data: ".length());
      }
    }
    return JSON.readTree(last).path("usage");
  }

  /** A text of so many characters that no other seed gives. */
  static String text(int characters, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    StringBuilder text = new StringBuilder(characters + 16);
    while (text.length() < characters) {
      for (int i = random.nextInt(2, 9); i > 0; i--) {
        text.append((char) ('a' + random.nextInt(26)));
      }
      text.append(' ');
    }
    return text.substring(0, characters);
  }

  @Override
  public void close() {
    http.close();
  }
}
