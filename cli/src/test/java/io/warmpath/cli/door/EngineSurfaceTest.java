package io.warmpath.cli.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.router.RouterConfig;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.server.EngineServerSettings;
import io.warmpath.simulator.server.SimulatedEngineServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The engine's HTTP surface, reached directly and through door, agent and relay: what comes back is
 * the same, byte for byte, but for the time of creation, and the order in which an engine happens
 * to interleave the choices of a stream.
 */
final class EngineSurfaceTest {

  private static final EngineProfile FAST = EngineProfile.named("8b-h100").atSpeed(200);
  private static final Pattern CREATED = Pattern.compile("\"(created|created_at)\":\\d+");

  private static final Pattern INDEX = Pattern.compile("\"choices\":\\[\\{\"index\":(\\d+)");

  private static final List<String> NOT_RELAYED =
      List.of(
          "/nope",
          "/metrics",
          "/sleep",
          "/v1/load_lora_adapter",
          "/v1/load%5Flora_adapter",
          "/v1%2Funload_lora_adapter",
          "/v1/%2e/load_lora_adapter",
          "/v1/x/%2e%2e/load_lora_adapter");

  private static LocalCluster cluster;
  private static SimulatedEngineServer engine;
  private static HttpClient client;
  private static OkHttpClient http2;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    // One replica, so that both caches have seen the same.
    cluster = LocalCluster.start(LocalClusterSettings.of(1, FAST));
    cluster.awaitReady(Duration.ofSeconds(60));
    engine =
        SimulatedEngineServer.start(
            EngineServerSettings.of(cluster.settings().model(), cluster.settings().profile()));
    http2 =
        new OkHttpClient.Builder()
            .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
            .readTimeout(Duration.ofSeconds(60))
            .build();
    client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  }

  @AfterAll
  static void stop() {
    client.close();
    http2.connectionPool().evictAll();
    http2.dispatcher().executorService().shutdown();
    engine.close();
    cluster.close();
  }

  /** One request. */
  record Case(String name, String method, String path, String body) {
    @Override
    public String toString() {
      return name;
    }
  }

  @ParameterizedTest
  @MethodSource({"cases", "casesOfResponses"})
  void answer_throughTheDoor_isTheEnginesOwn(Case one) throws Exception {
    HttpResponse<String> direct = send(engine.url(), one);
    HttpResponse<String> through =
        send(URI.create("http://127.0.0.1:" + cluster.router().httpPort()), one);

    assertThat(through.statusCode()).isEqualTo(direct.statusCode());
    assertThat(comparable(through.body())).isEqualTo(comparable(direct.body()));
    for (String header : List.of("content-type", "content-length", "server")) {
      assertThat(through.headers().allValues(header))
          .as(header)
          .isEqualTo(direct.headers().allValues(header));
    }
  }

  @ParameterizedTest
  @MethodSource({"cases", "casesOfResponses"})
  void answer_overHttp2_isTheEnginesOwn(Case one) throws Exception {
    HttpResponse<String> direct = send(engine.url(), one);
    Request request =
        new Request.Builder()
            .url("http://127.0.0.1:" + cluster.router().httpPort() + one.path())
            .header("x-request-id", id(one))
            .method(
                one.method(),
                one.method().equals("GET")
                    ? null
                    : RequestBody.create(
                        one.body().getBytes(UTF_8), MediaType.get("application/json")))
            .build();
    try (Response through = http2.newCall(request).execute()) {
      assertThat(through.protocol()).isEqualTo(Protocol.H2_PRIOR_KNOWLEDGE);
      assertThat(through.code()).isEqualTo(direct.statusCode());
      assertThat(comparable(Objects.requireNonNull(through.body()).string()))
          .isEqualTo(comparable(direct.body()));
      assertThat(through.headers("content-type"))
          .isEqualTo(direct.headers().allValues("content-type"));
    }
  }

  @Test
  void bodyOverTheLimit_overHttp2_isRefusedInWords() throws Exception {
    int limit = RouterConfig.Limits.DEFAULT.maxMessageBytes();
    Request request =
        new Request.Builder()
            .url("http://127.0.0.1:" + cluster.router().httpPort() + "/v1/completions")
            .post(RequestBody.create(new byte[limit + 1], MediaType.get("application/json")))
            .build();
    try (Response refused = http2.newCall(request).execute()) {
      assertThat(refused.code()).isEqualTo(413);
      assertThat(Objects.requireNonNull(refused.body()).string())
          .contains("the body is longer than " + limit + " bytes");
    }
    Case after = completion("after it", "\"prompt\":\"Why?\"");
    assertThat(send(URI.create("http://127.0.0.1:" + cluster.router().httpPort()), after))
        .returns(200, HttpResponse::statusCode);
  }

  /** What the door answers itself: the fleet is not one engine. */
  @Test
  void differences_areTheseOnly() throws Exception {
    URI door = URI.create("http://127.0.0.1:" + cluster.router().httpPort());
    HttpResponse<String> health = send(door, new Case("", "GET", "/health", ""));
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.body()).isEmpty();
    assertThat(send(door, new Case("", "GET", "/v1/models", "")).body())
        .contains("\"id\":\"simulated\"")
        .contains("\"owned_by\":\"warmpath\"");
    HttpResponse<String> model =
        send(door, new Case("", "POST", "/v1/completions", "{\"model\":\"x\",\"prompt\":\"a\"}"));
    assertThat(model.statusCode()).isEqualTo(404);
    assertThat(model.body()).contains("\"code\":\"model_not_found\"");
    for (String path : NOT_RELAYED) {
      assertThat(send(door, new Case("", "POST", path, "")))
          .as(path)
          .returns(404, HttpResponse::statusCode)
          .extracting(HttpResponse::body)
          .asString()
          .contains("\"message\":\"no such path\"");
    }
  }

  static List<Case> cases() {
    return List.of(
        completion("text", "\"prompt\":\"Why is it so?\""),
        completion("text, streamed", "\"prompt\":\"Why is it so?\",\"stream\":true"),
        completion("token ids", "\"prompt\":[1,2,3,4,5,6,7,8]"),
        completion("token ids, streamed", "\"prompt\":[1,2,3,4,5,6,7,8],\"stream\":true"),
        completion("batch of texts", "\"prompt\":[\"one\",\"two\",\"three\"]"),
        completion("batch of texts, streamed", "\"prompt\":[\"one\",\"two\"],\"stream\":true"),
        completion("batch of token ids", "\"prompt\":[[1,2,3],[4,5,6]]"),
        completion("long prompt", "\"prompt\":" + ids(5_000)),
        completion("the same long prompt, cached", "\"prompt\":" + ids(5_000)),
        completion("n", "\"prompt\":\"a\",\"n\":3"),
        completion("n, streamed", "\"prompt\":\"a\",\"n\":3,\"stream\":true"),
        completion("logprobs", "\"prompt\":\"a\",\"logprobs\":2"),
        completion("echo", "\"prompt\":\"a b c\",\"echo\":true"),
        completion("stop", "\"prompt\":\"a\",\"stop\":[\"e\",\"the\"]"),
        completion("seed and penalties", "\"prompt\":\"a\",\"seed\":7,\"presence_penalty\":0.5"),
        completion("usage in the stream", withUsage("\"prompt\":\"a\"", false)),
        completion("usage in each chunk", withUsage("\"prompt\":\"a\"", true)),
        completion("unknown fields", "\"prompt\":\"a\",\"no_such\":{\"a\":[1,null]}"),
        completion(
            "text beyond ASCII", "\"prompt\":\"d\u00e9j\u00e0 vu \u4f60\ud83d\ude00\\u00e9\""),
        completion("spaces and order", "\n \"prompt\" :\t\"a\" , \"max_tokens\" : 3 "),
        chat("plain", ""),
        chat("streamed", ",\"stream\":true"),
        chat("streamed with usage", "," + withUsage("\"n\":1", false)),
        chat("n", ",\"n\":2"),
        chat("logprobs", ",\"logprobs\":true,\"top_logprobs\":2"),
        chat("JSON mode", ",\"response_format\":{\"type\":\"json_object\"}"),
        chat("a tool", "," + TOOL + ",\"tool_choice\":\"required\""),
        chat("a tool, streamed", "," + TOOL + ",\"tool_choice\":\"required\",\"stream\":true"),
        post(
            "content parts",
            "/v1/chat/completions",
            "{\"model\":\"simulated\",\"max_tokens\":4,\"messages\":[{\"role\":\"system\","
                + "\"content\":\"be brief\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                + "\"text\":\"what is it?\"}]}]}"),
        completion("bad temperature", "\"prompt\":\"a\",\"temperature\":-1"),
        completion("no prompt", "\"temperature\":1"),
        completion("beyond the model", "\"prompt\":" + ids(140_000)),
        completion("wrong type", "\"prompt\":\"a\",\"max_tokens\":\"many\""),
        post("no JSON", "/v1/completions", "{\"model\":\"simulated\","),
        post("empty body", "/v1/completions", ""),
        post("no model", "/v1/completions", "{\"prompt\":\"a\",\"max_tokens\":4}"),
        post("tokenize", "/tokenize", "{\"model\":\"simulated\",\"prompt\":\"a b c\"}"),
        post(
            "tokenize a chat",
            "/tokenize",
            "{\"model\":\"simulated\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"),
        post("detokenize", "/detokenize", "{\"model\":\"simulated\",\"tokens\":[97,98,99]}"),
        embeddings("embeddings", "\"input\":\"a b c\""),
        embeddings("embeddings of a batch", "\"input\":[\"a\",\"b\"],\"dimensions\":8"),
        embeddings("embeddings, base64", "\"input\":[1,2,3],\"encoding_format\":\"base64\""),
        embeddings("embeddings of a large batch", "\"dimensions\":4096,\"input\":" + texts(64)),
        messages("messages", ""),
        messages("messages, streamed", ",\"stream\":true"),
        post("messages without max_tokens", "/v1/messages", "{\"model\":\"simulated\"}"),
        post(
            "messages, tokens counted",
            "/v1/messages/count_tokens",
            "{\"model\":\"simulated\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"),
        new Case("ping", "GET", "/ping", ""),
        new Case("version", "GET", "/version", ""),
        new Case("another method", "GET", "/v1/completions", ""),
        new Case("unknown path of the API", "GET", "/v1/no/such?a=b", ""),
        new Case("a model's name with a slash", "GET", "/v1/models/org%2Fname", ""),
        post("unknown path of the API, posted", "/v1/no/such", "{\"model\":\"simulated\"}"));
  }

  static List<Case> casesOfResponses() {
    return List.of(
        responses("responses", ""),
        responses("responses, streamed", ",\"stream\":true"),
        new Case("a response again", "GET", "/v1/responses/resp_" + id("responses"), ""),
        post("a response, cancelled late", "/v1/responses/resp_" + id("responses") + "/cancel", ""),
        new Case("no such response", "GET", "/v1/responses/resp_x", ""),
        new Case("no id of a response", "GET", "/v1/responses/x", ""),
        responses("a response to none", ",\"previous_response_id\":\"resp_x\""));
  }

  private static final String TOOL =
      "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":"
          + "{\"type\":\"object\",\"properties\":{\"usage\":{\"type\":\"string\"}},"
          + "\"required\":[\"usage\"]}}}]";

  private static Case completion(String name, String fields) {
    String limited = fields.contains("max_tokens") ? fields : fields + ",\"max_tokens\":6";
    return post(
        "completion: " + name, "/v1/completions", "{\"model\":\"simulated\"," + limited + "}");
  }

  private static Case chat(String name, String fields) {
    return post(
        "chat: " + name,
        "/v1/chat/completions",
        "{\"model\":\"simulated\",\"max_tokens\":6,\"messages\":[{\"role\":\"user\","
            + "\"content\":\"Why?\"}]"
            + fields
            + "}");
  }

  private static Case embeddings(String name, String fields) {
    return post(name, "/v1/embeddings", "{\"model\":\"simulated\"," + fields + "}");
  }

  private static Case responses(String name, String fields) {
    return post(
        name,
        "/v1/responses",
        "{\"model\":\"simulated\",\"input\":\"Why?\",\"instructions\":\"be brief\","
            + "\"max_output_tokens\":6"
            + fields
            + "}");
  }

  private static Case messages(String name, String fields) {
    return post(
        name,
        "/v1/messages",
        "{\"model\":\"simulated\",\"max_tokens\":6,\"system\":\"be brief\",\"messages\":"
            + "[{\"role\":\"user\",\"content\":\"Why?\"}]"
            + fields
            + "}");
  }

  private static Case post(String name, String path, String body) {
    return new Case(name, "POST", path, body);
  }

  private static String withUsage(String fields, boolean continuous) {
    return fields
        + ",\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":"
        + continuous
        + "}";
  }

  private static String ids(int count) {
    return IntStream.range(0, count).map(i -> i % 900).boxed().toList().toString();
  }

  private static String texts(int count) {
    String[] texts = new String[count];
    Arrays.setAll(texts, i -> "\"text " + i + "\"");
    return Arrays.stream(texts).collect(Collectors.joining(",", "[", "]"));
  }

  private static String comparable(String body) {
    String undated = CREATED.matcher(body).replaceAll("\"$1\":0");
    if (!undated.startsWith("data: ")) {
      return undated;
    }
    return Arrays.stream(undated.split("(?<=\n\n)"))
        .sorted(Comparator.comparingInt(EngineSurfaceTest::choice))
        .collect(Collectors.joining());
  }

  /** The number of the choice that an event belongs to; events of none come last. */
  private static int choice(String event) {
    Matcher index = INDEX.matcher(event);
    return index.find() ? Integer.parseInt(index.group(1)) : Integer.MAX_VALUE;
  }

  private static String id(Case one) {
    return id(one.name());
  }

  /** The request's id, and so that of its response. */
  private static String id(String name) {
    return "case-" + Integer.toHexString(name.hashCode());
  }

  private static HttpResponse<String> send(URI target, Case one) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(target.resolve(one.path()))
            .header("content-type", "application/json")
            .header("x-request-id", id(one))
            .timeout(Duration.ofSeconds(60));
    HttpRequest.BodyPublisher body =
        one.method().equals("GET")
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(one.body());
    return client.send(
        request.method(one.method(), body).build(), HttpResponse.BodyHandlers.ofString());
  }
}
