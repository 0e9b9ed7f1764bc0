package io.warmpath.simulator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The surface beside plain completions: other APIs, structured output, sleep, adapters. */
final class OtherApisTest {

  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final String LONG = "The quick brown fox jumps. ".repeat(40);
  private static final String TOOL =
      "{'type':'function','function':{'name':'weather','parameters':{'type':'object',"
          + "'properties':{'city':{'type':'string'},'days':{'type':'integer'}}}}}";

  private SimulatedEngineServer server;
  private EngineClient client;

  @BeforeEach
  void start() throws IOException {
    EngineProfile profile =
        EngineProfile.named("70b-tp4")
            .withCache(1_000, 32)
            .withLimits(8_192, 2_048, 64)
            .atSpeed(50);
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
  void responses_whole_hasOutputTextAndCachedTokens() {
    String body = "{'input':'" + LONG + "','instructions':'Be brief.','max_output_tokens':6}";
    client.postJson("/v1/responses", body);

    JsonNode answer = client.postJson("/v1/responses", body);

    assertThat(answer.path("object").asText()).isEqualTo("response");
    assertThat(answer.path("status").asText()).isEqualTo("incomplete");
    assertThat(answer.at("/output/0/content/0/type").asText()).isEqualTo("output_text");
    assertThat(answer.at("/output/0/content/0/text").asText()).hasSize(24);
    assertThat(answer.at("/usage/output_tokens").asInt()).isEqualTo(6);
    assertThat(answer.at("/usage/input_tokens_details/cached_tokens").asInt())
        .isGreaterThan(answer.at("/usage/input_tokens").asInt() - 64);
  }

  @Test
  void responses_streamed_numberTheirEventsAndEndCompleted() {
    HttpResponse<String> answer =
        client.post("/v1/responses", "{'input':[{'role':'user','content':'Hi'}],'stream':true}");

    List<String> names = new ArrayList<>();
    List<JsonNode> events = new ArrayList<>();
    for (String line : answer.body().lines().toList()) {
      if (line.startsWith("event: ")) {
        names.add(line.substring("event: ".length()));
      } else if (line.startsWith("data: ")) {
        events.add(EngineClient.json(line.substring("data: ".length())));
      }
    }
    assertThat(names)
        .startsWith("response.created", "response.in_progress", "response.output_item.added")
        .contains("response.output_text.delta")
        .endsWith("response.output_item.done", "response.completed");
    for (int i = 0; i < events.size(); i++) {
      assertThat(events.get(i).path("sequence_number").asInt()).isEqualTo(i);
      assertThat(events.get(i).path("type").asText()).isEqualTo(names.get(i));
    }
    StringBuilder text = new StringBuilder();
    events.forEach(event -> text.append(event.path("delta").asText("")));
    assertThat(events.getLast().at("/response/output/0/content/0/text").asText())
        .isEqualTo(text.toString())
        .isNotEmpty();
  }

  @Test
  void messages_whole_tellCachedTokensApart() {
    String body =
        "{'model':'tiny','max_tokens':6,'system':'Be kind.','messages':[{'role':'user',"
            + "'content':[{'type':'text','text':'"
            + LONG
            + "'}]}]}";
    JsonNode first = client.postJson("/v1/messages", body);
    JsonNode second = client.postJson("/v1/messages", body);

    assertThat(first.path("type").asText()).isEqualTo("message");
    assertThat(first.at("/content/0/text").asText()).hasSize(24);
    assertThat(first.path("stop_reason").asText()).isEqualTo("max_tokens");
    assertThat(first.at("/usage/cache_creation_input_tokens").asInt()).isPositive();
    assertThat(second.at("/usage/cache_read_input_tokens").asInt()).isPositive();
    assertThat(inputTokens(second)).isEqualTo(inputTokens(first));
  }

  /** All tokens of the prompt: computed and kept, computed only, read from the cache. */
  private static int inputTokens(JsonNode message) {
    JsonNode usage = message.path("usage");
    return usage.path("input_tokens").asInt()
        + usage.path("cache_creation_input_tokens").asInt()
        + usage.path("cache_read_input_tokens").asInt();
  }

  @Test
  void messages_streamed_haveAnthropicsEvents() {
    HttpResponse<String> answer =
        client.post(
            "/v1/messages",
            "{'max_tokens':3,'stream':true,'messages':[{'role':'user','content':'Hi'}]}");

    List<String> names =
        answer.body().lines().filter(line -> line.startsWith("event: ")).distinct().toList();
    assertThat(names)
        .containsExactly(
            "event: message_start",
            "event: content_block_start",
            "event: content_block_delta",
            "event: content_block_stop",
            "event: message_delta",
            "event: message_stop");
  }

  @Test
  void messages_badRequest_hasAnthropicsErrorForm() {
    HttpResponse<String> answer =
        client.post("/v1/messages", "{'model':'no','max_tokens':1,'messages':[]}");

    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(EngineClient.json(answer.body()).path("type").asText()).isEqualTo("error");
    assertThat(EngineClient.json(answer.body()).at("/error/type").asText())
        .isEqualTo("NotFoundError");
  }

  @Test
  void countTokens_isWhatMessagesCount() {
    String messages = "'messages':[{'role':'user','content':'How many tokens?'}]";

    JsonNode counted = client.postJson("/v1/messages/count_tokens", "{" + messages + "}");
    JsonNode answer = client.postJson("/v1/messages", "{'max_tokens':1," + messages + "}");

    assertThat(counted.path("input_tokens").asInt()).isEqualTo(inputTokens(answer));
  }

  @Test
  void embeddings_areEqualForEqualInputsInBothEncodings() {
    JsonNode floats =
        client.postJson("/v1/embeddings", "{'input':['one','two','one'],'dimensions':8}");
    JsonNode packed =
        client.postJson(
            "/v1/embeddings", "{'input':'one','dimensions':8,'encoding_format':'base64'}");

    assertThat(floats.path("data")).hasSize(3);
    assertThat(floats.at("/data/0/embedding")).isEqualTo(floats.at("/data/2/embedding"));
    assertThat(floats.at("/data/0/embedding")).isNotEqualTo(floats.at("/data/1/embedding"));
    ByteBuffer bytes =
        ByteBuffer.wrap(Base64.getDecoder().decode(packed.at("/data/0/embedding").asText()))
            .order(ByteOrder.LITTLE_ENDIAN);
    assertThat(bytes.getFloat())
        .isCloseTo((float) floats.at("/data/0/embedding/0").asDouble(), within(1e-6f));
  }

  @Test
  void namedTool_isCalledWithFittingArguments() {
    JsonNode answer =
        client.postJson(
            "/v1/chat/completions",
            "{'messages':[{'role':'user','content':'Rain?'}],'tools':["
                + TOOL
                + "],'tool_choice':'required'}");

    JsonNode call = answer.at("/choices/0/message/tool_calls/0/function");
    assertThat(call.path("name").asText()).isEqualTo("weather");
    assertThat(EngineClient.json(call.path("arguments").asText()))
        .isEqualTo(EngineClient.json("{\"city\":\"the\",\"days\":1}"));
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("tool_calls");
  }

  @Test
  void tools_arePartOfThePrompt() {
    String messages = "'messages':[{'role':'user','content':'Rain?'}],'max_tokens':1";

    JsonNode with =
        client.postJson("/v1/chat/completions", "{" + messages + ",'tools':[" + TOOL + "]}");
    JsonNode without = client.postJson("/v1/chat/completions", "{" + messages + "}");

    assertThat(with.at("/usage/prompt_tokens").asInt())
        .isGreaterThan(without.at("/usage/prompt_tokens").asInt() + 20);
  }

  @Test
  void jsonSchema_isFilled() {
    JsonNode answer =
        client.postJson(
            "/v1/chat/completions",
            "{'messages':[{'role':'user','content':'Go'}],'response_format':{'type':'json_schema',"
                + "'json_schema':{'name':'x','schema':{'type':'object','properties':{'kind':"
                + "{'enum':['a','b']},'list':{'type':'array','items':{'type':'number'}}}}}}}");

    assertThat(EngineClient.json(answer.at("/choices/0/message/content").asText()))
        .isEqualTo(EngineClient.json("{\"kind\":\"a\",\"list\":[1.5]}"));
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
  }

  @Test
  void logprobsAndTokenIds_haveOneEntryAToken() {
    JsonNode completion =
        client.postJson(
            "/v1/completions",
            "{'prompt':'x','max_tokens':3,'logprobs':2,'return_token_ids':true,'echo':true}");
    JsonNode chat =
        client.postJson(
            "/v1/chat/completions",
            "{'messages':[{'role':'user','content':'x'}],'max_tokens':3,'logprobs':true,"
                + "'top_logprobs':2}");

    assertThat(completion.at("/choices/0/logprobs/tokens")).hasSize(3);
    assertThat(completion.at("/choices/0/logprobs/top_logprobs/0")).hasSize(2);
    assertThat(completion.at("/choices/0/token_ids")).hasSize(3);
    assertThat(completion.at("/choices/0/prompt_token_ids")).hasSize(1);
    assertThat(completion.at("/choices/0/text").asText()).startsWith("x ").hasSize(13);
    assertThat(chat.at("/choices/0/logprobs/content")).hasSize(3);
    assertThat(chat.at("/choices/0/logprobs/content/0/top_logprobs")).hasSize(2);
  }

  @Test
  void sleepingEngine_forgetsItsCacheAndWaits() {
    String body = "{'prompt':'" + LONG + "','max_tokens':1}";
    client.postJson("/v1/completions", body);

    assertThat(client.post("/sleep?level=1", "").statusCode()).isEqualTo(200);

    assertThat(client.get("/metrics").body())
        .contains("sleep_state=\"weights_offloaded\"} 1.0")
        .contains("sleep_state=\"awake\"} 0.0");
    assertThat(client.get("/is_sleeping").body()).contains("true");
    var waiting = client.postAsync("/v1/completions", body);
    Await.until("accepted", LIMIT, () -> server.snapshot().waitingRequests() == 1);
    assertThat(client.post("/wake_up", "").statusCode()).isEqualTo(200);
    assertThat(waiting).succeedsWithin(LIMIT).extracting(HttpResponse::statusCode).isEqualTo(200);
    assertThat(server.snapshot().hitTokens()).isZero();
  }

  @Test
  void resetPrefixCache_forgetsAll() {
    client.postJson("/v1/completions", "{'prompt':'" + LONG + "','max_tokens':1}");
    assertThat(server.snapshot().cachedBlocks()).isPositive();

    client.post("/reset_prefix_cache", "");

    assertThat(server.snapshot().cachedBlocks()).isZero();
  }

  @Test
  void adapters_canBeLoadedAndUnloaded() {
    assertThat(client.post("/v1/load_lora_adapter", "{'lora_name':'more'}").statusCode())
        .isEqualTo(200);
    assertThat(client.post("/v1/load_lora_adapter", "{'lora_name':'more'}").statusCode())
        .isEqualTo(400);
    assertThat(client.get("/v1/models").body()).contains("\"more\"");
    assertThat(client.post("/v1/unload_lora_adapter", "{'lora_name':'more'}").statusCode())
        .isEqualTo(200);
    assertThat(client.get("/v1/models").body()).doesNotContain("\"more\"");
    assertThat(client.get("/metrics").body()).contains("vllm:lora_requests_info{");
  }

  @Test
  void usageDetails_canBeSwitchedOff() throws Exception {
    client.close();
    server.close();
    server = SimulatedEngineServer.start(server.settings().withPromptTokensDetails(false));
    client = new EngineClient(server.url());

    JsonNode answer = client.postJson("/v1/completions", "{'prompt':'x','max_tokens':1}");

    assertThat(answer.at("/usage/prompt_tokens_details").isNull()).isTrue();
  }
}
