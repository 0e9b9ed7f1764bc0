package io.warmpath.router.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.Var;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.warmpath.testkit.SeededCases;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Canonical prompts against Jackson's tree, and against each other. */
final class PromptBodyTest {

  private static final ObjectMapper JACKSON = new ObjectMapper();

  @Test
  void opening_staysWhileTheConversationGoesOn_andTellsOthersApart() {
    String first = "{\"role\":\"system\",\"content\":\"s\"},{\"content\":\"a\",\"role\":\"user\"}";
    String more =
        ",{\"role\":\"assistant\",\"content\":\"b\"},{\"role\":\"user\",\"content\":\"c\"}";
    byte[] once = opening("{\"messages\":[" + first + "]}");
    assertThat(once).isNotEmpty();
    assertThat(opening("{\"temperature\":1,\"messages\":[" + first + more + "]}")).isEqualTo(once);
    assertThat(opening("{\"messages\":[" + first.replace("\"a\"", "\"x\"") + more + "]}"))
        .isNotEqualTo(once);
    assertThat(opening("{\"messages\":[{\"role\":\"system\",\"content\":\"s\"}]}")).isEmpty();
    assertThat(opening("{\"prompt\":\"a\"}")).isEmpty();
  }

  private static byte[] opening(String json) {
    PromptBody body = PromptBody.parse(json.getBytes(StandardCharsets.UTF_8));
    return Arrays.copyOf(body.canonicalBytes(), body.openingBytes());
  }

  @Test
  void canonical_ofAnyValue_isTheSortedTree() {
    SeededCases.run(
        3_000,
        random -> {
          RandomJson json = new RandomJson(random);
          String body = "{\"messages\":" + json.value(0) + "}";
          PromptBody parsed = PromptBody.parse(body.getBytes(UTF_8));
          assertThat(parsed.malformed()).as(body).isFalse();
          assertThat(new String(parsed.canonicalBytes(), UTF_8))
              .as(body)
              .isEqualTo("{\"tools\":[],\"messages\":" + sorted(tree(body).get("messages")) + "}");
        });
  }

  @Test
  void bodies_thatDifferInOrderSpaceEscapesAndSampling_areOnePrompt() {
    String one =
        """
        {"model":"m","tools":[{"type":"function","function":{"name":"f","strict":true}}],
         "messages":[{"role":"user","content":"a\\u00e9\\/\\"b"}],"temperature":0.5}\
        """;
    String other =
        """
        { "max_tokens" : 7, "messages" : [ {"content":"aé/\\u0022b" , "role":"user"} ],
          "seed": 1.5e3, "logit_bias":{"1":[2,{"x":null}]},
          "tools":[{"function":{"strict":true,"name":"f"},"type":"function"}], "model":"m" }\
        """;
    assertThat(parse(one).canonicalBytes()).isEqualTo(parse(other).canonicalBytes());
    assertThat(parse(other).malformed()).isFalse();
    assertThat(parse(one.replace("\"f\"", "\"g\"")).canonicalBytes())
        .isNotEqualTo(parse(one).canonicalBytes());
  }

  @Test
  void conversation_thatGoesOn_hasItsBeginningAsPrefix() {
    String start = "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}";
    String shorter = new String(parse(start + "]}").canonicalBytes(), UTF_8);
    String longer =
        new String(parse(start + ",{\"role\":\"assistant\"}]}").canonicalBytes(), UTF_8);
    assertThat(longer).startsWith(shorter.substring(0, shorter.length() - "]}".length()));
  }

  @Test
  void conversation_throughGrpc_hasTheSameBytes() {
    ChatPrompt chat =
        ChatPrompt.newBuilder()
            .addMessages(ChatMessage.newBuilder().setRole("system").setContent("be \"brief\"\n"))
            .addMessages(ChatMessage.newBuilder().setRole("user").setContent("é😀\\"))
            .build();
    String body =
        """
        {"messages":[{"role":"system","content":"be \\"brief\\"\\n"},
                     {"role":"user","content":"\\u00e9\\ud83d\\ude00\\\\"}]}\
        """;
    PromptBody parsed = parse(body);
    assertThat(parsed.canonicalBytes()).isEqualTo(CanonicalChat.bytes(chat));
    byte[] opening = Arrays.copyOf(parsed.canonicalBytes(), parsed.openingBytes());
    assertThat(CanonicalChat.opening(chat)).isEqualTo(opening);
    ChatPrompt longer =
        chat.toBuilder().addMessages(ChatMessage.newBuilder().setRole("assistant")).build();
    assertThat(CanonicalChat.opening(longer)).isEqualTo(opening);
    assertThat(CanonicalChat.opening(ChatPrompt.getDefaultInstance())).isEmpty();
  }

  @Test
  void options_ofTheTemplate_comeFirst() {
    String canonical =
        canonical(
            """
            {"messages":[],"system":"s","reasoning_effort":"high",
             "chat_template_kwargs":{"b":1,"a":2}}
            """);
    assertThat(canonical)
        .isEqualTo(
            "{\"options\":{\"chat_template_kwargs\":{\"a\":2,\"b\":1},"
                + "\"reasoning_effort\":\"high\"},"
                + "\"tools\":[],\"system\":\"s\",\"messages\":[]}");
  }

  @Test
  void prompt_asText_isItsBytesAndABatchIsOneAfterTheOther() {
    assertThat(canonical("{\"prompt\":\"a\\nb\"}")).isEqualTo("a\nb");
    assertThat(canonical("{\"prompt\":[\"a\",\"b\"]}")).isEqualTo("a\0b");
  }

  @Test
  void prompt_asTokenIds_isTheIds() {
    assertThat(parse("{\"prompt\":[1, 2,300]}").tokenIds()).containsExactly(1, 2, 300);
    assertThat(parse("{\"prompt\":[[1,2],[3]]}").tokenIds()).containsExactly(1, 2, 3);
    assertThat(parse("{\"prompt\":[]}").tokenIds()).isNull();
  }

  @Test
  void tokenIds_ofTheGenerateApi_areThePrompt() {
    PromptBody body = parse("{\"model\":\"m\",\"token_ids\":[1, 2,300],\"stream\":true}");
    assertThat(body.tokenIds()).containsExactly(1, 2, 300);
    assertThat(body.stream()).isTrue();
    assertThat(parse("{\"token_ids\":null}").tokenIds()).isNull();
    assertThat(parse("{\"token_ids\":\"1\"}").malformed()).isFalse();
  }

  @Test
  void image_asDataUri_countsAsItsDigest() {
    String image = "{\"messages\":[{\"image_url\":\"data:image/png;base64,%s\"}]}";
    String one = canonical(image.formatted("A".repeat(100_000)));
    String other = canonical(image.formatted("A".repeat(99_999) + "B"));
    assertThat(one).hasSizeLessThan(100).isNotEqualTo(other);
    assertThat(canonical(image.formatted("A"))).contains("base64,A");
  }

  @Test
  void fields_aroundThePrompt_areRead() {
    PromptBody body =
        parse(
            """
            {"model":"m","stream":true,"user":"u","prompt_cache_key":"k","cache_salt":"s",
             "session_id":"i","provider":{"only":["a","b"],"ignore":["c"],"order":["b"],
             "sort":"latency","allow_fallbacks":false}}\
            """);
    assertThat(body.malformed()).isFalse();
    assertThat(body.model()).isEqualTo("m");
    assertThat(body.stream()).isTrue();
    assertThat(body.user()).isEqualTo("u");
    assertThat(body.promptCacheKey()).isEqualTo("k");
    assertThat(body.cacheSalt()).isEqualTo("s");
    assertThat(body.sessionId()).isEqualTo("i");
    assertThat(body.only()).containsExactly("a", "b");
    assertThat(body.ignore()).containsExactly("c");
    assertThat(body.order()).containsExactly("b");
    assertThat(body.sort()).isEqualTo("latency");
    assertThat(body.allowFallbacks()).isFalse();
    assertThat(body.canonicalBytes()).isEmpty();
  }

  @Test
  void fields_ofAnotherType_countAsAbsent() {
    PromptBody body =
        parse("{\"model\":5,\"stream\":\"yes\",\"tools\":null,\"provider\":[],\"prompt\":{}}");
    assertThat(body.malformed()).isFalse();
    assertThat(body.model()).isEmpty();
    assertThat(body.stream()).isFalse();
  }

  @Test
  void sort_ofAnotherType_isReadAsWritten() {
    assertThat(parse("{\"provider\":{\"sort\":{\"by\": 5}}}").sort()).isEqualTo("{\"by\":5}");
    assertThat(parse("{\"provider\":{\"sort\":null}}").sort()).isEmpty();
  }

  @Test
  void bytes_damagedAnywhere_areReadWithoutAFault() {
    byte[] good =
        """
        {"model":"m","messages":[{"role":"user","content":"a\\u00e9\\n"},[1,-2.5e3,true,null]],
         "tools":[{"x":{}}],"prompt":["a",[1,2]],"provider":{"only":["r"]},"n":1}\
        """
            .getBytes(UTF_8);
    SeededCases.run(
        5_000,
        random -> {
          byte[] bad = good.clone();
          for (int i = random.nextInt(1, 4); i > 0; i--) {
            bad[random.nextInt(bad.length)] = (byte) random.nextInt();
          }
          PromptBody body = PromptBody.parse(bad);
          assertThat(body.canonicalBytes()).isNotNull();
        });
    for (int length = 0; length < good.length; length++) {
      assertThat(PromptBody.parse(java.util.Arrays.copyOf(good, length)).malformed())
          .as("cut at %d", length)
          .isTrue();
    }
  }

  @Test
  void nesting_withoutEnd_isMalformedAndNoOverflow() {
    assertThat(parse("{\"messages\":" + "[".repeat(100_000)).malformed()).isTrue();
    assertThat(parse("{\"other\":" + "{\"a\":".repeat(100_000)).malformed()).isTrue();
    assertThat(parse("{\"a\":1} x").malformed()).isTrue();
    assertThat(parse("").malformed()).isTrue();
    assertThat(parse("[]").malformed()).isTrue();
  }

  @Test
  void cacheControl_whereverItStands_isNotPartOfThePrompt() {
    String body =
        """
        {"tools":[{"name":"f","input_schema":{"type":"object"}%s},{"name":"g"}],
         "system":[{"type":"text","text":"s"%s}],
         "messages":[{"role":"user","content":[{%s"type":"text","text":"cache_control"}]},
                     {"role":"assistant","content":"b"},
                     {"role":"user","content":[{"type":"tool_result","content":[{%s}]%s}]%s}]}\
        """;
    String mark = "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}";
    String behind = "," + mark;
    String nowhere = body.formatted("", "", "", "", "", "");
    for (String marked :
        List.of(
            body.formatted(behind, behind, mark + ",", mark, behind, behind),
            body.formatted("", behind, "", "", behind, ""),
            body.formatted(behind, "", "", mark, "", ""))) {
      assertThat(canonical(marked)).isEqualTo(canonical(nowhere)).contains("\"cache_control\"");
      assertThat(opening(marked)).isEqualTo(opening(nowhere)).isNotEmpty();
    }
  }

  @Test
  void cacheControl_asDataOfATool_isKept() {
    for (String data :
        List.of(
            "{\"tools\":[{\"input_schema\":{\"properties\":{\"cache_control\":{}}}}]}",
            "{\"tools\":[{\"function\":{\"parameters\":{\"cache_control\":{}}}}]}",
            "{\"messages\":[{\"content\":[{\"input\":{\"cache_control\":\"no\"}}]}]}")) {
      assertThat(canonical(data)).contains("\"cache_control\":");
    }
  }

  @Test
  void cacheControl_throughGrpc_isLeftOutToo() {
    Value mark = Value.newBuilder().setStringValue("1h").build();
    Struct marked = Struct.newBuilder().putFields("cache_control", mark).build();
    Struct tool =
        Struct.newBuilder()
            .putFields("cache_control", mark)
            .putFields("parameters", Value.newBuilder().setStructValue(marked).build())
            .build();
    ChatMessage message = ChatMessage.newBuilder().setRole("user").setExtra(marked).build();
    String body =
        """
        {"tools":[{"parameters":{"cache_control":"1h"}}],"messages":[{"role":"user","content":""}]}
        """;
    assertThat(
            CanonicalChat.bytes(
                ChatPrompt.newBuilder().addTools(tool).addMessages(message).build()))
        .isEqualTo(parse(body).canonicalBytes());
  }

  @Test
  void objects_unsortedAtEveryLevel_areSortedWithinTheBudgetAndLoseNothing() throws Exception {
    int levels = 120;
    String text = "x".repeat(1 << 20);
    String json = "{\"b\":".repeat(levels) + '"' + text + '"' + ",\"a\":0}".repeat(levels);
    JsonReader reader = new JsonReader(json.getBytes(UTF_8));
    ByteSink canonical = new ByteSink(json.length());
    reader.canonical(canonical);

    assertThat(reader.budget().spentBytes()).isBetween(1L << 20, reader.budget().limitBytes());
    assertThat(reader.budget().limitBytes()).isLessThan(10L * json.length());
    assertThat(canonical.text(0)).startsWith("{\"b\":{").endsWith("},\"a\":0},\"a\":0}");
    assertThat(canonical.text(0)).contains("{\"a\":0,\"b\":{\"a\":0,\"b\":\"xxx");
    assertThat(tree(canonical.text(0))).isEqualTo(tree(json));
  }

  @Test
  void members_moreThanTheBudget_keepTheirOrder() throws Exception {
    StringBuilder json = new StringBuilder("{\"z\":0");
    for (int i = 0; i < 100_000; i++) {
      json.append(",\"y\":0");
    }
    json.append('}');
    JsonReader reader = new JsonReader(json.toString().getBytes(UTF_8));
    ByteSink canonical = new ByteSink(json.length());
    reader.canonical(canonical);

    assertThat(reader.budget().spentBytes()).isZero();
    assertThat(canonical.text(0)).isEqualTo(json.toString());
  }

  private static PromptBody parse(String body) {
    return PromptBody.parse(body.getBytes(UTF_8));
  }

  private static String canonical(String body) {
    return new String(parse(body).canonicalBytes(), UTF_8);
  }

  private static JsonNode tree(String body) {
    try {
      return JACKSON.readTree(body);
    } catch (java.io.IOException e) {
      throw new AssertionError(body, e);
    }
  }

  /** The canonical form by way of a tree, slowly. */
  private static String sorted(JsonNode node) {
    StringBuilder out = new StringBuilder();
    if (node.isObject()) {
      TreeMap<String, JsonNode> members = new TreeMap<>();
      node.properties().forEach(e -> members.put(e.getKey(), e.getValue()));
      members.forEach((name, value) ->
          out.append(out.isEmpty() ? "" : ",")
              .append(quoted(name))
              .append(':')
              .append(sorted(value)));
      return "{" + out + "}";
    }
    if (node.isArray()) {
      node.forEach(value -> out.append(out.isEmpty() ? "" : ",").append(sorted(value)));
      return "[" + out + "]";
    }
    if (node.isTextual()) {
      return quoted(node.textValue());
    }
    return node.isNumber() ? CanonicalNumber.text(node.doubleValue()) : node.toString();
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  /** Writes random JSON in random spelling. */
  private record RandomJson(SplittableRandom random) {

    String value(int depth) {
      return space()
          + switch (random.nextInt(depth > 4 ? 5 : 7)) {
            case 0 -> random.nextBoolean() ? "true" : "false";
            case 1 -> "null";
            case 2 -> number();
            case 3, 4 -> string();
            case 5 -> array(depth);
            default -> object(depth);
          }
          + space();
    }

    private String array(int depth) {
      StringBuilder out = new StringBuilder("[");
      for (int i = random.nextInt(4); i > 0; i--) {
        out.append(value(depth + 1)).append(i > 1 ? "," : "");
      }
      return out.append(']').toString();
    }

    private String object(int depth) {
      StringBuilder out = new StringBuilder("{");
      int size = random.nextInt(12);
      for (int i = 0; i < size; i++) {
        out.append(i > 0 ? "," : "").append(space());
        out.append('"').append((char) ('a' + (i * 7 + 3) % 26)).append(i % 3 == 0 ? "x" : "");
        out.append('"').append(space()).append(':').append(value(depth + 1));
      }
      return out.append('}').toString();
    }

    private String number() {
      return switch (random.nextInt(4)) {
        case 0 -> Integer.toString(random.nextInt());
        case 1 -> Double.toString(random.nextDouble() * 1e6);
        case 2 -> random.nextInt(100) + ".0";
        default -> random.nextInt(10) + "e" + random.nextInt(5);
      };
    }

    private String string() {
      StringBuilder out = new StringBuilder("\"");
      @Var int left = random.nextInt(40);
      while (left-- > 0) {
        out.append(
            switch (random.nextInt(12)) {
              case 0 -> "\\n";
              case 1 -> "\\\"";
              case 2 -> "\\\\";
              case 3 -> "\\u00e9";
              case 4 -> "\\ud83d\\ude00";
              case 5 -> "é";
              case 6 -> "\\/";
              case 7 -> "\\u0022";
              default -> Character.toString('a' + random.nextInt(26));
            });
      }
      return out.append('"').toString();
    }

    private String space() {
      return random.nextInt(3) == 0 ? " \n\t" : "";
    }
  }
}
