package io.warmpath.agent.kv;

import com.google.errorprone.annotations.Var;
import io.warmpath.hashing.PrefixHasher;
import io.warmpath.routing.PromptPrefix;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * What an engine's cache holds, kept up to date by its events: engine block hash to own chain of
 * steps. It knows exactly when the most recently evicted step was last touched. Confined to the
 * replica's event loop.
 *
 * <p>Bounded: blocks beyond the limit are not kept, and counted.
 */
public final class CacheContent {

  /*
   * Engines hash blocks in ways of their own, so the steps' hashes that routers know are computed
   * again from the blocks' tokens. A block carries the hash of the last full step at or before its
   * end, and the tokens since, which the blocks after it need to complete the next step.
   *
   * Events tell what is stored and removed, not what is used again. A step is touched when a block
   * that ends in it is stored, and when a request is served whose prompt has it. An engine evicts a
   * chain from its tail, so a step is gone when the block with its end is; blocks that end within a
   * step say nothing of it.
   *
   * A block may be in several media at once (GPU, CPU); it is gone when it is in none.
   */
  private static final String FULL_ATTENTION = "full_attention";
  private static final int[] NO_TOKENS = new int[0];

  private final int stepTokens;
  private final int maxBlocks;
  private final Map<Long, Block> blocks = new HashMap<>();
  private final Map<Long, Step> steps = new HashMap<>();
  private long seed;
  private String model = "";
  private long cachedTokens;
  private final LongAdder unknownParents = new LongAdder();
  private final LongAdder overflows = new LongAdder();
  private boolean anyEvicted;
  private long evictionMarkNanos;

  /** A block of the engine. */
  private static final class Block {
    private final long stepHash;
    private final int[] tail;
    private final int tokens;
    private final boolean endsStep;
    private int media;

    Block(long stepHash, int[] tail, int tokens, boolean endsStep) {
      this.stepHash = stepHash;
      this.tail = tail;
      this.tokens = tokens;
      this.endsStep = endsStep;
    }
  }

  /** A step that is cached, and when it was last used. */
  private static final class Step {
    private int blocks;
    private long touchedNanos;
  }

  /**
   * An empty cache.
   *
   * @param stepTokens tokens a step, the same as in the routers
   * @param maxBlocks most blocks that are kept
   */
  public CacheContent(int stepTokens, int maxBlocks) {
    this.stepTokens = stepTokens;
    this.maxBlocks = maxBlocks;
  }

  /** The model whose cache it is; part of each chain. */
  public void setModel(String name) {
    if (!name.equals(model)) {
      model = name;
      seed = PrefixHasher.seed(name, "", "");
    }
  }

  /** Applies one event. */
  public void apply(KvEvent event, long nowNanos) {
    switch (event) {
      case KvEvent.Stored stored -> store(stored, nowNanos);
      case KvEvent.Removed removed -> {
        if (removed.group() <= 0) {
          for (long hash : removed.hashes()) {
            remove(hash, medium(removed.medium()));
          }
        }
      }
      case KvEvent.Cleared() -> clear();
    }
  }

  /**
   * A request with this prompt was served: its steps were used. Returns whether any of them is
   * known; none is when the router hashed the prompt's text, since events tell of tokens.
   */
  public boolean touch(PromptPrefix prefix, long nowNanos) {
    @Var boolean known = false;
    for (int i = 0; i < prefix.stepCount(); i++) {
      Step step = steps.get(prefix.stepHash(i));
      if (step != null) {
        step.touchedNanos = nowNanos;
        known = true;
      }
    }
    return known;
  }

  /** Nothing is known any more. The eviction mark goes with it. */
  public void clear() {
    blocks.clear();
    steps.clear();
    cachedTokens = 0;
    anyEvicted = false;
  }

  /** Whether a step was evicted since the cache was empty. */
  public boolean hasEvicted() {
    return anyEvicted;
  }

  /** When the most recently touched of the evicted steps was last touched. */
  public long evictionMarkNanos() {
    return evictionMarkNanos;
  }

  /** Distinct tokens that are cached. */
  public long cachedTokens() {
    return cachedTokens;
  }

  /** Leading steps of a prompt that are cached. */
  public int cachedSteps(PromptPrefix prefix) {
    @Var int count = 0;
    while (count < prefix.stepCount() && steps.containsKey(prefix.stepHash(count))) {
      count++;
    }
    return count;
  }

  /** Events whose parent is not known, so that their blocks were not kept; any thread may ask. */
  public long unknownParents() {
    return unknownParents.sum();
  }

  /** Blocks that were not kept because there were too many; any thread may ask. */
  public long overflows() {
    return overflows.sum();
  }

  private void store(KvEvent.Stored event, long nowNanos) {
    boolean otherGroup =
        event.kind().isEmpty() ? event.group() > 0 : !event.kind().equals(FULL_ATTENTION);
    if (otherGroup) {
      return;
    }
    @Var Block previous = event.hasParent() ? blocks.get(event.parent()) : root(event);
    if (previous == null) {
      unknownParents.increment();
      return;
    }
    for (int i = 0; i < event.hashes().length; i++) {
      @Var Block known = blocks.get(event.hashes()[i]);
      if (known == null) {
        if (blocks.size() >= maxBlocks) {
          overflows.add(event.hashes().length - i);
          return;
        }
        known = next(previous, event, i);
        add(event.hashes()[i], known, nowNanos);
      }
      known.media |= medium(event.medium());
      previous = known;
    }
  }

  private Block root(KvEvent.Stored event) {
    long start =
        event.loraName().isEmpty() && event.cacheSalt().isEmpty()
            ? seed
            : PrefixHasher.seed(model, event.loraName(), event.cacheSalt());
    return new Block(start, NO_TOKENS, 0, false);
  }

  private Block next(Block previous, KvEvent.Stored event, int index) {
    int size = event.blockSize();
    int[] tokens = Arrays.copyOf(previous.tail, previous.tail.length + size);
    System.arraycopy(event.tokens(), index * size, tokens, previous.tail.length, size);
    int fullSteps = tokens.length / stepTokens;
    @Var long hash = previous.stepHash;
    if (fullSteps > 0) {
      hash = PrefixHasher.chainTokens(hash, tokens, tokens.length, stepTokens)[fullSteps - 1];
    }
    int[] tail =
        tokens.length == fullSteps * stepTokens
            ? NO_TOKENS
            : Arrays.copyOfRange(tokens, fullSteps * stepTokens, tokens.length);
    return new Block(hash, tail, size, fullSteps > 0);
  }

  private void add(long hash, Block block, long nowNanos) {
    blocks.put(hash, block);
    cachedTokens += block.tokens;
    if (block.endsStep) {
      Step step = steps.computeIfAbsent(block.stepHash, any -> new Step());
      step.blocks++;
      step.touchedNanos = nowNanos;
    }
  }

  private void remove(long hash, int medium) {
    Block block = blocks.get(hash);
    if (block == null) {
      return;
    }
    block.media &= ~medium;
    if (block.media != 0) {
      return;
    }
    blocks.remove(hash);
    cachedTokens -= block.tokens;
    Step step = block.endsStep ? steps.get(block.stepHash) : null;
    if (step != null && --step.blocks == 0) {
      steps.remove(block.stepHash);
      if (!anyEvicted || step.touchedNanos - evictionMarkNanos > 0) {
        evictionMarkNanos = step.touchedNanos;
      }
      anyEvicted = true;
    }
  }

  /** One bit a medium; engines that do not say have one only. */
  private static int medium(String name) {
    return name.isEmpty() || name.equals("GPU") ? 1 : 2;
  }
}
