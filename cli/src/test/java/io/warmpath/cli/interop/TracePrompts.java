package io.warmpath.cli.interop;

import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.trace.TokenIds;
import io.warmpath.simulator.trace.Trace;
import io.warmpath.simulator.trace.TraceGenerator;
import io.warmpath.simulator.trace.TraceProfile;
import io.warmpath.simulator.trace.TraceReader;
import io.warmpath.simulator.trace.TraceRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;

/**
 * The prompts of a trace that the small model takes, one after the other, and what a router with
 * one replica would know of them. Not thread-safe.
 */
final class TracePrompts {

  /** Longest prompt; longer ones of the trace are left out. */
  private static final int MAX_TOKENS = 4_000;

  private static final int GENERATED = 3_000;

  private final int blockTokens;
  private final TokenIds tokens;
  private final Iterator<TraceRequest> requests;
  private final Set<Long> sentChains = new HashSet<>();

  /**
   * A prompt.
   *
   * @param ids its token ids
   * @param cachedTokens of these, sent before at the front of another prompt, and cacheable
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Prompt(int[] ids, int cachedTokens) {}

  private TracePrompts(Trace trace) {
    blockTokens = trace.blockTokens();
    tokens = new TokenIds(blockTokens, TestEngine.VOCABULARY);
    requests =
        trace.requests().stream()
            .filter(request -> request.promptTokens() <= MAX_TOKENS)
            .toList()
            .iterator();
  }

  /** The trace that the environment names, else generated chats. */
  static TracePrompts open(long seed) throws IOException {
    String file = System.getenv("WARMPATH_INTEROP_TRACE");
    return new TracePrompts(
        file == null
            ? TraceGenerator.generate(
                TraceProfile.CHAT, GENERATED, TraceProfile.REQUESTS_PER_SECOND, seed)
            : TraceReader.read(Path.of(file)));
  }

  /** Returns the next one, which counts as sent. */
  Prompt next() {
    TraceRequest request = requests.next();
    @Var long chain = 0;
    @Var boolean cached = true;
    @Var int cachedTokens = 0;
    for (int i = 0; i < request.promptTokens() / blockTokens; i++) {
      chain = chain * 1_000_003 + request.blockId(i);
      cached &= !sentChains.add(chain);
      cachedTokens += cached ? blockTokens : 0;
    }
    int most = (request.promptTokens() - 1) / TestEngine.BLOCK_TOKENS * TestEngine.BLOCK_TOKENS;
    return new Prompt(tokens.prompt(request), Math.min(cachedTokens, most));
  }
}
