package io.warmpath.bench.jmh;

import io.warmpath.router.prompt.PromptBody;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to read a request's body: its fields, and the prompt's canonical bytes. Expected:
 * linear in the prompt's length, since it is one pass and a few copies, so the same bytes a second
 * at each length from 32 KiB on; below that the fields around the prompt show.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
@State(Scope.Thread)
public class PromptBodyBenchmark {

  private static final int LINE_CHARACTERS = 80;
  private static final int MESSAGE_CHARACTERS = 4_096;
  private static final int WORD_CHARACTERS = 6;

  /** Length of the prompt; all its characters are ASCII. */
  @Param({"1024", "32768", "409600", "4194304"})
  public int promptCharacters;

  private byte[] chat = {};
  private byte[] completion = {};

  /** Writes both bodies, the conversation as turns with the role first, as clients do. */
  @Setup
  public void writeBodies() {
    String prompt = prompt();
    StringBuilder messages = new StringBuilder();
    for (int from = 0; from < prompt.length(); from += MESSAGE_CHARACTERS) {
      String content = prompt.substring(from, Math.min(prompt.length(), from + MESSAGE_CHARACTERS));
      messages
          .append(from == 0 ? "" : ",")
          .append("{\"role\":\"")
          .append(from / MESSAGE_CHARACTERS % 2 == 0 ? "user" : "assistant")
          .append("\",\"content\":")
          .append(quoted(content))
          .append('}');
    }
    chat = body("\"messages\":[" + messages + "]");
    completion = body("\"prompt\":" + quoted(prompt));
  }

  private static byte[] body(String prompt) {
    return ("{\"model\":\"meta-llama/Llama-3.1-8B-Instruct\"," + prompt + ",\"stream\":true}")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Words and lines, of which the lines' ends are escaped in JSON. */
  private String prompt() {
    SplittableRandom random = new SplittableRandom(1);
    StringBuilder text = new StringBuilder(promptCharacters);
    for (int i = 1; i <= promptCharacters; i++) {
      boolean space = i % WORD_CHARACTERS == 0;
      char letter = (char) ('a' + random.nextInt(26));
      text.append(i % LINE_CHARACTERS == 0 ? '\n' : space ? ' ' : letter);
    }
    return text.toString();
  }

  private static String quoted(String text) {
    return '"' + text.replace("\n", "\\n") + '"';
  }

  /** A conversation in messages of 4 KiB; its objects are unsorted, so all of it is copied once. */
  @Benchmark
  public int chat() {
    return PromptBody.parse(chat).canonicalBytes().length;
  }

  /** A prompt as one text. */
  @Benchmark
  public int completion() {
    return PromptBody.parse(completion).canonicalBytes().length;
  }
}
