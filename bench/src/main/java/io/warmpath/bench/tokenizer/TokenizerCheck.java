package io.warmpath.bench.tokenizer;

import com.google.errorprone.annotations.Var;
import io.warmpath.tokenizer.HeadEncoder;
import io.warmpath.tokenizer.ModelTokenizer;
import io.warmpath.tokenizer.TokenHead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * Compares the first tokens that a router makes, of a part of each text only, with those that the
 * Python library made of the whole texts ({@code bench/tokenizer/ids.py}).
 */
public final class TokenizerCheck {

  private static final int FAMILY_TOKENS = 1_024;
  private static final int STEP_TOKENS = 128;

  private TokenizerCheck() {}

  /**
   * Takes a {@code tokenizer.json} and what {@code ids.py} made with it.
   *
   * @throws IllegalStateException when a text has other tokens
   */
  public static void main(String... args) throws IOException {
    if (args.length != 2) {
      throw new IllegalArgumentException("give TOKENIZER.json and IDS.tsv");
    }
    HeadEncoder encoder =
        new HeadEncoder(ModelTokenizer.read(Path.of(args[0])), FAMILY_TOKENS, STEP_TOKENS);
    List<String> lines = Files.readAllLines(Path.of(args[1]));
    @Var int whole = 0;
    @Var int wrong = 0;
    for (String line : lines) {
      String[] fields = line.split("\t", -1);
      byte[] text = Base64.getDecoder().decode(fields[0]);
      TokenHead head = encoder.encode(text, Boolean.parseBoolean(fields[1]));
      int[] ids = Arrays.stream(fields[3].split(",")).mapToInt(Integer::parseInt).toArray();
      whole += head.isWhole() ? 1 : 0;
      boolean length = !head.isWhole() || head.tokens() == Integer.parseInt(fields[2]);
      wrong += length && Arrays.equals(head.ids(), ids) ? 0 : 1;
    }
    System.out.printf("%d texts, %d of them encoded whole, %d wrong%n", lines.size(), whole, wrong);
    if (wrong > 0 || lines.isEmpty()) {
      throw new IllegalStateException(wrong + " of " + lines.size() + " texts have other tokens");
    }
  }
}
