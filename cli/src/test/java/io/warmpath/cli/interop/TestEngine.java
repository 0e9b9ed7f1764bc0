package io.warmpath.cli.interop;

import java.io.IOException;
import java.net.URI;
import java.util.List;

/**
 * An engine with vLLM's surface that a test may end and start again.
 *
 * <p>It serves the model {@link #MODEL} and its {@link #ADAPTERS}, of at least {@link #VOCABULARY}
 * token ids, with {@link #BLOCKS} blocks of {@link #BLOCK_TOKENS} tokens, tells cached tokens,
 * publishes cache events, and can be sent to sleep.
 */
interface TestEngine extends AutoCloseable {

  String MODEL = "tiny";

  /** LoRA adapters of it. */
  List<String> ADAPTERS = List.of("one", "two");

  int VOCABULARY = 400;

  int BLOCK_TOKENS = 32;

  /** A cache of 9,600 tokens: room for four prompts of 2,000. */
  int BLOCKS = 300;

  int MODEL_LENGTH = 8_192;

  /** Where it listens; the same after a restart. */
  URI url();

  /** Where it publishes cache events. */
  String events();

  /** Where it replays them. */
  String replay();

  /** Ends it without a chance to say goodbye. */
  void kill();

  /** Starts it again after {@link #kill}; it may take a while to serve. */
  void restart() throws IOException;

  @Override
  void close();
}
