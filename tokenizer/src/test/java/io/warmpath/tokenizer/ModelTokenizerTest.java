package io.warmpath.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.warmpath.testkit.TestTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelTokenizerTest {

  @TempDir private Path directory;

  private static int[] ids(JsonNode node) {
    return IntStream.range(0, node.size()).map(i -> node.get(i).intValue()).toArray();
  }

  @Test
  void texts_encoded_areTheTokensThatTheLibraryOfEnginesMakes() throws Exception {
    ModelTokenizer tokenizer = ModelTokenizer.read(TestTokenizer.writeTo(directory));
    JsonNode expected = new ObjectMapper().readTree(TestTokenizer.expected());
    assertThat(expected.size()).isGreaterThan(8);
    for (JsonNode one : expected) {
      ModelTokenizer.Encoded encoded =
          tokenizer.encode(one.get("text").textValue(), one.get("special").booleanValue());
      assertThat(encoded.ids()).containsExactly(ids(one.get("ids")));
      assertThat(encoded.begins()).hasSameSizeAs(encoded.ids());
    }
  }

  @Test
  void text_ofThousandsOfTokens_isNotCut() throws Exception {
    ModelTokenizer tokenizer = ModelTokenizer.read(TestTokenizer.writeTo(directory));
    assertThat(tokenizer.encode("x1 ".repeat(6_000), true).ids().length).isGreaterThan(6_000);
  }

  @Test
  void fileThatAsksForTruncationAndPadding_getsNeither() throws Exception {
    String json =
        TestTokenizer.json()
            .replace(
                "\"truncation\": null",
                "\"truncation\": {\"direction\": \"Right\", \"max_length\": 4,"
                    + " \"strategy\": \"LongestFirst\", \"stride\": 0}")
            .replace(
                "\"padding\": null",
                "\"padding\": {\"strategy\": {\"Fixed\": 64}, \"direction\": \"Right\","
                    + " \"pad_to_multiple_of\": null, \"pad_id\": 0, \"pad_type_id\": 0,"
                    + " \"pad_token\": \"<|begin|>\"}");
    assertThat(json).contains("max_length").contains("pad_id");
    Path file = Files.writeString(directory.resolve("asks.json"), json);
    ModelTokenizer plain = ModelTokenizer.read(TestTokenizer.writeTo(directory));
    ModelTokenizer asks = ModelTokenizer.read(file);
    String text = "One router of many, one prefix of many.";
    assertThat(asks.encode(text, true).ids()).containsExactly(plain.encode(text, true).ids());
  }

  @Test
  void tokens_begin_whereTheirTextDoes() throws Exception {
    ModelTokenizer tokenizer = ModelTokenizer.read(TestTokenizer.writeTo(directory));
    ModelTokenizer.Encoded encoded = tokenizer.encode("é😀 x", true);
    assertThat(encoded.begins()[0]).isEqualTo(-1);
    assertThat(encoded.begins()[1]).isZero();
    assertThat(encoded.begins()[encoded.begins().length - 1]).isIn(2, 3);
  }

  @Test
  void encode_byManyThreadsAtOnce_isTheSame() throws Exception {
    ModelTokenizer tokenizer = ModelTokenizer.read(TestTokenizer.writeTo(directory));
    List<CompletableFuture<Void>> running = new ArrayList<>();
    for (int thread = 0; thread < 8; thread++) {
      String text = ("thread " + thread + " says something else; ").repeat(50);
      int[] alone = tokenizer.encode(text, true).ids();
      running.add(
          CompletableFuture.runAsync(() -> {
            for (int i = 0; i < 100; i++) {
              assertThat(tokenizer.encode(text, true).ids()).containsExactly(alone);
            }
          }));
    }
    CompletableFuture.allOf(running.toArray(CompletableFuture[]::new)).get();
  }

  @Test
  void file_thatIsNone_isRefusedInOneSentence() throws Exception {
    Path missing = directory.resolve("missing.json");
    assertThatThrownBy(() -> ModelTokenizer.read(missing))
        .isInstanceOf(IOException.class)
        .hasMessage("there is no file " + missing);
    Path other = Files.writeString(directory.resolve("other.json"), "{\"model_type\": \"llama\"}");
    assertThatThrownBy(() -> ModelTokenizer.read(other))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(other + " is no tokenizer.json: ")
        .hasMessageNotContaining("\n");
    Path binary = Files.write(directory.resolve("tokenizer.model"), new byte[] {(byte) 0xff, 0});
    assertThatThrownBy(() -> ModelTokenizer.read(binary))
        .isInstanceOf(IOException.class)
        .hasMessage(binary + " is no tokenizer.json: it is not UTF-8");
  }
}
