package io.warmpath.simulator.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SimulatedEngineServerTest {

  private static final Duration LIMIT = Duration.ofSeconds(10);

  private SimulatedEngineServer server;
  private EngineClient client;

  @BeforeEach
  void start() throws IOException {
    EngineProfile profile =
        EngineProfile.named("8b-h100")
            .withCache(1_000, 32)
            .withLimits(8_192, 2_048, 64)
            .atSpeed(20);
    server =
        SimulatedEngineServer.start(
            EngineServerSettings.of("tiny", profile).withLoraAdapters(List.of("adapter")));
    client = new EngineClient(server.url());
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  @Test
  void completion_ofText_hasOutputAndUsage() {
    JsonNode answer =
        client.postJson(
            "/v1/completions", "{'model':'tiny','prompt':'Hello there','max_tokens':5}");

    assertThat(answer.path("id").asText()).startsWith("cmpl-");
    assertThat(answer.path("object").asText()).isEqualTo("text_completion");
    assertThat(answer.at("/choices/0/text").asText()).hasSize(20);
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("length");
    assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(5);
    assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(5);
    assertThat(answer.at("/usage/total_tokens").asInt()).isEqualTo(10);
    assertThat(answer.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isZero();
  }

  @Test
  void completion_ofSameTokensTwice_readsAllButTheLastBlockFromCache() {
    String body = "{'prompt':" + ids(2_000) + ",'max_tokens':1}";

    client.postJson("/v1/completions", body);
    JsonNode second = client.postJson("/v1/completions", body);

    assertThat(second.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isEqualTo(1_984);
  }

  @Test
  void completion_withAnotherSaltOrAdapter_sharesNothing() {
    String prompt = "'prompt':" + ids(100) + ",'max_tokens':1";
    client.postJson("/v1/completions", "{" + prompt + "}");

    JsonNode salted = client.postJson("/v1/completions", "{" + prompt + ",'cache_salt':'s'}");
    JsonNode adapted = client.postJson("/v1/completions", "{" + prompt + ",'model':'adapter'}");

    assertThat(salted.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isZero();
    assertThat(adapted.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isZero();
    assertThat(adapted.path("model").asText()).isEqualTo("adapter");
  }

  @Test
  void completion_ofSeveralPromptsAndChoices_numbersThemAll() {
    JsonNode answer =
        client.postJson("/v1/completions", "{'prompt':[[1,2],[3,4,5]],'n':2,'max_tokens':3}");

    assertThat(answer.path("choices")).hasSize(4);
    assertThat(answer.at("/choices/3/index").asInt()).isEqualTo(3);
    assertThat(answer.at("/choices/0/text")).isNotEqualTo(answer.at("/choices/1/text"));
    assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(5);
    assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(12);
  }

  @Test
  void completion_streamed_saysTheSameAsWhole() {
    String fields = "'prompt':'Tell me','max_tokens':7";
    JsonNode whole = client.postJson("/v1/completions", "{" + fields + "}");

    List<String> events =
        client.stream(
            "/v1/completions",
            "{" + fields + ",'stream':true,'stream_options':{'include_usage':true}}");

    assertThat(events).hasSize(9);
    assertThat(events.getLast()).isEqualTo("[DONE]");
    String text =
        events.subList(0, 7).stream()
            .map(event -> EngineClient.json(event).at("/choices/0/text").asText())
            .collect(Collectors.joining());
    assertThat(text).isEqualTo(whole.at("/choices/0/text").asText());
    JsonNode last = EngineClient.json(events.get(6));
    assertThat(last.at("/choices/0/finish_reason").asText()).isEqualTo("length");
    JsonNode usage = EngineClient.json(events.get(7));
    assertThat(usage.path("choices")).isEmpty();
    assertThat(usage.at("/usage/completion_tokens").asInt()).isEqualTo(7);
  }

  @Test
  void completion_withStop_endsBeforeIt() {
    JsonNode free = client.postJson("/v1/completions", "{'prompt':'x','max_tokens':9}");
    String text = free.at("/choices/0/text").asText();
    String stop = text.substring(10, 14);

    JsonNode stopped =
        client.postJson("/v1/completions", "{'prompt':'x','max_tokens':9,'stop':['" + stop + "']}");

    assertThat(stopped.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(stopped.at("/choices/0/stop_reason").asText()).isEqualTo(stop);
    assertThat(stopped.at("/choices/0/text").asText())
        .isEqualTo(text.substring(0, text.indexOf(stop)));
  }

  @Test
  void chat_secondTurn_readsTheFirstAnswerFromCache() {
    String first = "{'role':'user','content':'" + "What is it? ".repeat(60) + "'}";
    JsonNode answer =
        client.postJson("/v1/chat/completions", "{'messages':[" + first + "],'max_tokens':320}");
    String said = answer.at("/choices/0/message/content").asText();
    int firstPrompt = answer.at("/usage/prompt_tokens").asInt();

    JsonNode second =
        client.postJson(
            "/v1/chat/completions",
            "{'messages':["
                + first
                + ",{'role':'assistant','content':'"
                + said
                + "'},{'role':'user','content':[{'type':'text','text':'And?'}]}],'max_tokens':4}");

    assertThat(second.at("/usage/prompt_tokens_details/cached_tokens").asInt())
        .isGreaterThan(firstPrompt + 200);
  }

  @Test
  void chat_streamed_beginsWithRoleAndEndsWithDone() {
    List<String> events =
        client.stream(
            "/v1/chat/completions",
            "{'model':'tiny','messages':[{'role':'user','content':'Hi'}],'stream':true}");

    assertThat(EngineClient.json(events.getFirst()).at("/choices/0/delta/role").asText())
        .isEqualTo("assistant");
    assertThat(events.getLast()).isEqualTo("[DONE]");
    JsonNode last = EngineClient.json(events.get(events.size() - 2));
    assertThat(last.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
  }

  @Test
  void badRequests_getVllmsErrors() {
    assertError("/v1/completions", "{'model':'no','prompt':'x'}", 404, "NotFoundError", "model");
    assertError("/v1/completions", "{'prompt':''}", 400, "BadRequestError", "prompt");
    assertError("/v1/completions", "{'prompt':[[]]}", 400, "BadRequestError", "prompt");
    assertError(
        "/v1/completions", "{'prompt':'x','max_tokens':0}", 400, "BadRequestError", "max_tokens");
    assertError(
        "/v1/completions", "{'prompt':" + ids(9_000) + "}", 400, "BadRequestError", "input_tokens");
    assertError("/v1/completions", "{'prompt':'x','n':'two'}", 400, "Bad Request", "body.n");
    assertThat(client.post("/v1/completions", "{'prompt':'x','priority':5}").statusCode())
        .isEqualTo(200);
    assertError("/v1/chat/completions", "{'messages':[]}", 400, "BadRequestError", "messages");
    assertError("/v1/completions", "{'prompt':", 400, "Bad Request", null);
    assertThat(client.get("/nothing").statusCode()).isEqualTo(404);
    assertThat(client.get("/v1/completions").statusCode()).isEqualTo(405);
  }

  @Test
  void clientThatLeaves_isAbortedAtOnce() throws Exception {
    server.slowDown(100);
    Stream<String> lines =
        client.open("/v1/completions", "{'prompt':'x','max_tokens':1000,'stream':true}");
    Await.until("running", LIMIT, () -> server.snapshot().runningRequests() == 1);

    lines.close();

    Await.until("aborted", LIMIT, () -> server.snapshot().runningRequests() == 0);
    assertThat(server.snapshot().usedBlocks()).isZero();
    assertThat(server.snapshot().unfinishedRequests()).isZero();
  }

  @Test
  void tokenize_thenDetokenize_givesTheTextBack() {
    JsonNode tokens =
        client.postJson("/tokenize", "{'model':'tiny','prompt':'Grüße, 世界! <|user|> ok'}");

    JsonNode text =
        client.postJson("/detokenize", "{'model':'tiny','tokens':" + tokens.path("tokens") + "}");

    assertThat(text.path("prompt").asText()).isEqualTo("Grüße, 世界! <|user|> ok");
    assertThat(tokens.path("count").asInt()).isEqualTo(tokens.path("tokens").size());
    assertThat(tokens.path("max_model_len").asInt()).isEqualTo(8_192);
  }

  @Test
  void tokenize_ofMessages_countsWhatChatCounts() {
    String messages = "'messages':[{'role':'user','content':'How long is this?'}]";
    JsonNode tokens = client.postJson("/tokenize", "{" + messages + "}");
    JsonNode chat = client.postJson("/v1/chat/completions", "{" + messages + ",'max_tokens':1}");

    assertThat(chat.at("/usage/prompt_tokens").asInt()).isEqualTo(tokens.path("count").asInt());
  }

  @Test
  void opsEndpoints_answer() {
    assertThat(client.get("/health").statusCode()).isEqualTo(200);
    assertThat(client.get("/health").body()).isEmpty();
    assertThat(client.get("/ping").statusCode()).isEqualTo(200);
    assertThat(client.get("/version").body()).contains("0.32.0");
    assertThat(client.get("/load").body()).isEqualTo("{\"server_load\":0}");
    JsonNode models = EngineClient.json(client.get("/v1/models").body());
    assertThat(models.at("/data/0/id").asText()).isEqualTo("tiny");
    assertThat(models.at("/data/0/max_model_len").asInt()).isEqualTo(8_192);
    assertThat(models.at("/data/1/parent").asText()).isEqualTo("tiny");
    server.faults().setUnhealthy(true);
    assertThat(client.get("/health").statusCode()).isEqualTo(503);
  }

  @Test
  void metrics_countWhatWasServed() {
    client.postJson("/v1/completions", "{'prompt':" + ids(100) + ",'max_tokens':3}");
    client.postJson("/v1/completions", "{'prompt':" + ids(100) + ",'max_tokens':3}");

    String page = client.get("/metrics").body();

    assertThat(page)
        .contains("vllm:num_requests_running{engine=\"0\",model_name=\"tiny\"} 0.0\n")
        .contains("vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"tiny\"} 200.0\n")
        .contains("vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"tiny\"} 96.0\n")
        .contains("vllm:generation_tokens_total{engine=\"0\",model_name=\"tiny\"} 6.0\n")
        .contains("vllm:prompt_tokens_created{engine=\"0\",model_name=\"tiny\"} 1.")
        .contains(
            "vllm:request_success_total{engine=\"0\",finished_reason=\"length\","
                + "model_name=\"tiny\"} 2.0\n")
        .contains(
            "vllm:time_to_first_token_seconds_bucket{engine=\"0\",le=\"+Inf\","
                + "model_name=\"tiny\"} 2.0\n")
        .contains("block_size=\"32\"")
        .contains("num_gpu_blocks=\"1000\"");
  }

  @Test
  void requestId_becomesTheAnswersId() {
    HttpResponse<String> answer =
        client.post("/v1/completions", "{'prompt':'x','max_tokens':1}", "x-request-id", "abc");

    assertThat(EngineClient.json(answer.body()).path("id").asText()).isEqualTo("cmpl-abc");
    assertThat(answer.headers().firstValue("x-request-id")).isEmpty();
  }

  @Test
  void killedEngine_comesBackEmptyOnItsPort() throws Exception {
    client.postJson("/v1/completions", "{'prompt':" + ids(100) + ",'max_tokens':1}");
    int port = server.port();

    server.restart();

    assertThat(server.port()).isEqualTo(port);
    JsonNode again =
        client.postJson("/v1/completions", "{'prompt':" + ids(100) + ",'max_tokens':1}");
    assertThat(again.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isZero();
  }

  @Test
  void frozenEngine_answersNothingUntilThawed() {
    server.freeze();
    var answer = client.postAsync("/v1/completions", "{'prompt':'x','max_tokens':1}");
    Await.until("connected", LIMIT, () -> server.frozenExchanges() == 1);
    assertThat(answer).isNotDone();

    server.thaw();

    assertThat(answer).succeedsWithin(LIMIT).extracting(HttpResponse::statusCode).isEqualTo(200);
  }

  private void assertError(
      String path, String body, int status, String type, @Nullable String param) {
    HttpResponse<String> answer = client.post(path, body);
    JsonNode error = EngineClient.json(answer.body()).path("error");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(error.path("code").asInt()).isEqualTo(status);
    assertThat(error.path("type").asText()).isEqualTo(type);
    assertThat(error.path("param").textValue()).isEqualTo(param);
    assertThat(error.path("message").asText()).isNotEmpty();
  }

  private static String ids(int count) {
    return IntStream.range(0, count)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(",", "[", "]"));
  }
}
