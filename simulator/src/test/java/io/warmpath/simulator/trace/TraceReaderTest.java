package io.warmpath.simulator.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TraceReaderTest {

  @TempDir private Path folder;

  private Trace read(String... lines) throws IOException {
    return TraceReader.read(Files.write(folder.resolve("t.jsonl"), List.of(lines)));
  }

  @Test
  void mooncake_isReadAsItStands() throws IOException {
    Trace trace =
        read(
            "{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 5, \"hash_ids\": [0, 1]}",
            "",
            "{\"timestamp\": 27482, \"input_length\": 512, \"output_length\": 52,"
                + " \"hash_ids\": [46]}");
    assertThat(trace.blockTokens()).isEqualTo(512);
    assertThat(trace.requests()).hasSize(2);
    TraceRequest last = trace.requests().getLast();
    assertThat(last.arrivalMillis()).isEqualTo(27_482);
    assertThat(last.promptTokens()).isEqualTo(512);
    assertThat(last.outputTokens()).isEqualTo(52);
    assertThat(last.blockCount()).isEqualTo(1);
    assertThat(last.blockId(0)).isEqualTo(46);
    assertThat(last.turn()).isNull();
  }

  @Test
  void bailian_isInSecondsWithTurnsByChatId() throws IOException {
    Trace trace =
        read(
            "{\"chat_id\": 159, \"parent_chat_id\": 55, \"timestamp\": 61.114, \"input_length\":"
                + " 33, \"output_length\": 132, \"type\": \"text\", \"turn\": 2, \"hash_ids\":"
                + " [1089, 1090, 13148]}",
            "{\"chat_id\": 55, \"parent_chat_id\": -1, \"timestamp\": 60, \"input_length\": 16,"
                + " \"output_length\": 1, \"type\": \"text\", \"turn\": 1, \"hash_ids\": [1089]}");
    assertThat(trace.blockTokens()).isEqualTo(16);
    assertThat(trace.requests().getFirst().turn())
        .isEqualTo(new TraceRequest.Turn("55", 1, -1, Double.NaN));
    TraceRequest second = trace.requests().getLast();
    assertThat(second.arrivalMillis()).isBetween(1113.9, 1114.1);
    assertThat(second.turn()).isEqualTo(new TraceRequest.Turn("55", 2, 0, Double.NaN));
  }

  @Test
  void parentThatIsNotInTheFile_makesAFirstTurn() throws IOException {
    Trace trace =
        read(
            "{\"chat_id\": 2, \"parent_chat_id\": 1, \"timestamp\": 0, \"input_length\": 16,"
                + " \"hash_ids\": [1]}");
    assertThat(trace.requests().getFirst().turn())
        .isEqualTo(new TraceRequest.Turn("2", 1, -1, Double.NaN));
  }

  @Test
  void ownFormat_comesBackAsItWasWritten() throws IOException {
    Trace written = TraceGenerator.generate(TraceProfile.MIXED, 500, 5, 7);
    Path file = folder.resolve("own.jsonl");
    TraceWriter.write(written, file);
    Trace back = TraceReader.read(file);
    assertThat(back.blockTokens()).isEqualTo(written.blockTokens());
    double first = written.requests().getFirst().arrivalMillis();
    for (int i = 0; i < 500; i++) {
      TraceRequest before = written.requests().get(i);
      TraceRequest after = back.requests().get(i);
      assertThat(after.arrivalMillis() + first)
          .isBetween(before.arrivalMillis() - 0.01, before.arrivalMillis() + 0.01);
      assertThat(after.promptTokens()).isEqualTo(before.promptTokens());
      assertThat(after.outputTokens()).isEqualTo(before.outputTokens());
      assertThat(blocks(after)).isEqualTo(blocks(before));
      assertThat(parent(after)).isEqualTo(parent(before));
    }
  }

  private static long[] blocks(TraceRequest request) {
    long[] ids = new long[request.blockCount()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = request.blockId(i);
    }
    return ids;
  }

  private static int parent(TraceRequest request) {
    TraceRequest.Turn turn = request.turn();
    return turn == null ? -1 : turn.parent();
  }

  @Test
  void gzip_isUnpacked() throws IOException {
    Path file = folder.resolve("t.jsonl.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(
          "{\"timestamp\":0,\"input_length\":5,\"hash_ids\":[1]}".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(TraceReader.read(file).requests()).hasSize(1);
  }

  @Test
  void blockSize_isFoundInTheIds() throws IOException {
    Trace trace = read("{\"timestamp\": 0, \"input_length\": 130, \"hash_ids\": [1, 2, 3]}");
    assertThat(trace.blockTokens()).isEqualTo(64);
  }

  @Test
  void missingIds_areSharedWithNobody() throws IOException {
    Trace trace =
        read(
            "{\"timestamp\": 0, \"input_length\": 512, \"hash_ids\": []}",
            "{\"timestamp\": 1, \"input_length\": 512}");
    assertThat(trace.requests().get(0).blockId(0)).isNotEqualTo(trace.requests().get(1).blockId(0));
  }

  @Test
  void textIds_andHugeIds_areIds() throws IOException {
    Trace trace =
        read(
            "{\"timestamp\": 0, \"input_length\": 1025, \"hash_ids\":"
                + " [\"a\", 18446744073709551615, \"a\"]}");
    TraceRequest request = trace.requests().getFirst();
    assertThat(request.blockId(0)).isEqualTo(request.blockId(2)).isNotEqualTo(request.blockId(1));
  }

  @Test
  void delayAfterTheTurnBefore_standsInForATime() throws IOException {
    Trace trace =
        read(
            "{\"session_id\": \"a\", \"timestamp\": 100, \"input_length\": 512, \"hash_ids\": [1]}",
            "{\"session_id\": \"a\", \"delay\": 50, \"input_length\": 512, \"hash_ids\": [1]}");
    assertThat(trace.requests().getLast().arrivalMillis()).isEqualTo(50);
    assertThat(trace.requests().getLast().turn()).isEqualTo(new TraceRequest.Turn("a", 2, 0, 50));
  }

  @Test
  void bunchedArrivals_showTheTickOfTheClock() {
    double[] arrivals = new double[400];
    for (int i = 0; i < arrivals.length; i++) {
      int tick = i / 10;
      arrivals[i] = 3000.0 * tick + (tick % 3 == 0 ? 1 : 0);
    }
    assertThat(Trace.tickMillis(arrivals)).isBetween(2998.0, 3002.0);
  }

  @Test
  void evenArrivals_haveNoTick() {
    double[] arrivals = new double[400];
    for (int i = 0; i < arrivals.length; i++) {
      arrivals[i] = 317.0 * i;
    }
    assertThat(Trace.tickMillis(arrivals)).isZero();
  }

  @Test
  void badLine_isNamedInOneSentence() {
    String good = "{\"timestamp\": 0, \"input_length\": 512, \"hash_ids\": [1]}";
    assertSentence("t.jsonl line 2 is not a JSON object", good, "[1]");
    assertSentence("t.jsonl line 2 is not valid JSON: ", good, "{\"timestamp\": 0");
    assertSentence("t.jsonl line 1 has no input_length, must be a whole number from 1", "{}");
    assertSentence(
        "t.jsonl line 1 has input_length -4, must be a number from 1", "{\"input_length\": -4}");
    assertSentence(
        "t.jsonl line 1 has input_length 1.5, must be a whole number 1..2147483647",
        "{\"input_length\": 1.5}");
    assertSentence(
        "t.jsonl line 2 has no timestamp, must be a number from 0", good, "{\"input_length\": 1}");
    assertSentence(
        "t.jsonl line 1 has timestamp soon, must be a number from 0", "{\"timestamp\": \"soon\"}");
    assertSentence("t.jsonl line 1 has hash_ids 5, must be a list of ids", "{\"hash_ids\": 5}");
    assertSentence(
        "t.jsonl line 1 has a nested chat_id, must be a plain value", "{\"chat_id\": {}}");
    assertSentence(
        "t.jsonl line 1 has format other, must be warmpath-trace-1", "{\"format\": \"other\"}");
    assertSentence("t.jsonl line 1 has more than one JSON object", good + good);
  }

  @Test
  void emptyFile_isNamedInOneSentence() {
    assertSentence("t.jsonl holds no request", "");
  }

  @Test
  void idsThatFitNoBlockSize_areNamedInOneSentence() {
    assertSentence(
        "t.jsonl has ids that fit no usual block size (2 ids for the 9999 tokens",
        "{\"timestamp\": 0, \"input_length\": 9999, \"hash_ids\": [1, 2]}");
  }

  private void assertSentence(String start, String... lines) {
    assertThatThrownBy(() -> read(lines))
        .isInstanceOf(TraceException.class)
        .message()
        .startsWith(start)
        .doesNotContain("\n");
  }
}
