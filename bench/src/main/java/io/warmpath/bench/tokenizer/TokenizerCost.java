package io.warmpath.bench.tokenizer;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.Var;
import io.warmpath.tokenizer.HeadEncoder;
import io.warmpath.tokenizer.ModelTokenizer;
import io.warmpath.tokenizer.TokenHead;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Prints what it costs to make the first tokens of a prompt: on a tokenizer's thread when its
 * beginning is new, and on an event loop when it is remembered.
 */
public final class TokenizerCost {

  private static final int FAMILY_TOKENS = 1_024;
  private static final int STEP_TOKENS = 128;
  private static final int[] LENGTHS = {1_000, 4_000, 6_000, 32_000, 400_000};
  private static final int TEXTS = 300;
  private static final int WARM_UP_TEXTS = 300;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final HeadEncoder encoder;
  private final byte[] text;

  private TokenizerCost(HeadEncoder encoder, byte[] text) {
    this.encoder = encoder;
    this.text = text;
  }

  /** Takes a {@code tokenizer.json} and a file of text, at least 1 MB. */
  public static void main(String... args) throws IOException {
    if (args.length != 2) {
      throw new IllegalArgumentException("give TOKENIZER.json and TEXT");
    }
    long start = System.nanoTime();
    ModelTokenizer tokenizer = ModelTokenizer.read(Path.of(args[0]));
    print("read in %.0f ms, the library unpacked or found%n", (System.nanoTime() - start) / 1e6);
    TokenizerCost cost =
        new TokenizerCost(
            new HeadEncoder(tokenizer, FAMILY_TOKENS, STEP_TOKENS),
            Files.readAllBytes(Path.of(args[1])));
    cost.measure(LENGTHS[0], WARM_UP_TEXTS);
    print(
        "%9s %8s %10s %10s %10s %14s%n",
        "bytes", "tokens", "median ms", "p99 ms", "CPU ms", "remembered us");
    for (int length : LENGTHS) {
      Cost of = cost.measure(length, TEXTS);
      print(
          "%,9d %,8d %10.3f %10.3f %10.3f %14.2f%s%n",
          length,
          of.tokens,
          of.medianMillis,
          of.p99Millis,
          of.cpuMillis,
          of.rememberedMicros,
          of.whole ? ", whole: %.2f MB/s".formatted(length / of.cpuMillis / 1e3) : "");
    }
  }

  /**
   * What texts of one length cost.
   *
   * @param tokens first tokens that were made, of the last text
   * @param whole whether those were all
   */
  private record Cost(
      int tokens,
      boolean whole,
      double medianMillis,
      double p99Millis,
      double cpuMillis,
      double rememberedMicros) {}

  private Cost measure(int length, int count) {
    double[] millis = new double[count];
    @Var TokenHead head = null;
    @Var double rememberedNanos = 0;
    byte[][] texts = texts(length, count);
    long cpuStart = threads.getCurrentThreadCpuTime();
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      head = encoder.encode(texts[i], true);
      millis[i] = (System.nanoTime() - start) / 1e6;
    }
    double cpuMillis = (threads.getCurrentThreadCpuTime() - cpuStart) / 1e6 / count;
    for (byte[] known : texts) {
      encoder.encode(known, true);
      long start = System.nanoTime();
      if (encoder.remembered(known, true) == null) {
        throw new IllegalStateException("it was not remembered");
      }
      rememberedNanos += System.nanoTime() - start;
    }
    Arrays.sort(millis);
    return new Cost(
        head == null ? 0 : head.ids().length,
        head != null && head.isWhole(),
        millis[count / 2],
        millis[count * 99 / 100],
        cpuMillis,
        rememberedNanos / count / 1e3);
  }

  /** Texts that begin at different places, each made before anything is timed. */
  private byte[][] texts(int length, int count) {
    int apart = (text.length - length) / count;
    byte[][] texts = new byte[count][];
    for (int i = 0; i < count; i++) {
      @Var int from = i * apart;
      while ((text[from] & 0xC0) == 0x80) {
        from++;
      }
      String piece = new String(text, from, length, StandardCharsets.UTF_8);
      texts[i] = piece.getBytes(StandardCharsets.UTF_8);
    }
    return texts;
  }

  @FormatMethod
  private static void print(String format, Object... values) {
    System.out.printf(Locale.ROOT, format, values);
  }
}
