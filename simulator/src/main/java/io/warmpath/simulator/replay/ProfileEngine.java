package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.simulator.engine.BlockHash;
import io.warmpath.simulator.engine.BlockKeys;
import io.warmpath.simulator.engine.EngineListener;
import io.warmpath.simulator.engine.EngineModel;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.engine.EngineRequest;
import io.warmpath.simulator.engine.RequestListener;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The full engine model: chunked prefill that decoding slows, running requests that hold their
 * blocks, preemption.
 */
final class ProfileEngine implements ReplicaEngine {

  /** Blocks that no other request can have are keyed after this. */
  private static final long OWN_BLOCKS = -1;

  private static final int NO_REQUEST = -1;

  private final EngineModel model;
  private final int traceBlockTokens;
  private final int blockTokens;
  private final PrefillSpeed speed;
  private final Map<InFlight, EngineRequest> requests = new LinkedHashMap<>();
  private @Var @Nullable Listener listener;

  /**
   * An idle engine.
   *
   * @param profile what it is; its block size divides {@code traceBlockTokens}
   * @param traceBlockTokens tokens a block number of a request stands for
   */
  ProfileEngine(EngineProfile profile, int traceBlockTokens) {
    this.model = new EngineModel(profile, EngineListener.NONE);
    this.traceBlockTokens = traceBlockTokens;
    this.blockTokens = profile.blockSizeTokens();
    this.speed = speed(profile);
  }

  /** Returns {@code profile} with a cache of this size and blocks that fit the trace's. */
  static EngineProfile fitted(EngineProfile profile, long cacheTokens, int traceBlockTokens) {
    boolean divides = traceBlockTokens % profile.blockSizeTokens() == 0;
    int size = divides ? profile.blockSizeTokens() : traceBlockTokens;
    return profile.withCache((int) Math.max(1, cacheTokens / size), size);
  }

  /** Returns how fast an idle engine computes prompts: full steps without decoding. */
  static PrefillSpeed speed(EngineProfile profile) {
    double stepSeconds = profile.stepTime().seconds(profile.maxBatchedTokens(), 0, 0);
    double baseSeconds = profile.stepTime().seconds(0, 0, 0);
    return new PrefillSpeed(
        profile.maxBatchedTokens() / stepSeconds, profile.requestOverheadSeconds() + baseSeconds);
  }

  @Override
  public void start(InFlight flight, long nowNanos) {
    EngineRequest request =
        new EngineRequest(
            keys(flight.blocks, flight.request),
            flight.promptTokens,
            Math.max(1, flight.outputTokens),
            0,
            new Told(flight));
    requests.put(flight, request);
    model.submit(request, nowNanos);
  }

  /**
   * Full blocks of the trace are cut into the engine's; what follows them, the partial last block
   * and the decoded tokens, is shared with nobody.
   */
  private BlockKeys keys(int[] blocks, int request) {
    int cut = traceBlockTokens / blockTokens;
    return block ->
        block / cut < blocks.length
            ? BlockHash.chain(blocks[block / cut], block % cut)
            : BlockHash.chain(BlockHash.chain(OWN_BLOCKS, request), block);
  }

  @Override
  public long nextEventNanos() {
    return model.isIdle() ? Long.MAX_VALUE : model.nextEventNanos();
  }

  @Override
  public void advance(long nowNanos, Listener to) {
    listener = to;
    model.advance(nowNanos);
  }

  @Override
  public int cachedTokens(int[] blocks, int promptTokens) {
    return model.cachedTokens(keys(blocks, NO_REQUEST), promptTokens);
  }

  @Override
  public long evictedTouchNanos() {
    return model.evictions() == 0 ? Long.MIN_VALUE : model.evictionMarkNanos();
  }

  @Override
  public long usedTokens() {
    return (long) model.usedBlocks() * blockTokens;
  }

  @Override
  public int requests() {
    return requests.size();
  }

  @Override
  public boolean fits(int promptTokens, int outputTokens) {
    return (long) promptTokens + Math.max(1, outputTokens) <= model.profile().maxModelLenTokens();
  }

  @Override
  public List<InFlight> abort() {
    List<InFlight> all = new ArrayList<>(requests.keySet());
    requests.values().forEach(model::abort);
    requests.clear();
    return all;
  }

  /** Passes on what the model says of one request. */
  private final class Told implements RequestListener {

    private final InFlight flight;

    Told(InFlight flight) {
      this.flight = flight;
    }

    @Override
    public void decoded(EngineRequest request, long atNanos) {
      if (request.decodedTokens() == 1 && listener != null) {
        double workSeconds = speed.seconds(request.promptTokens() - request.cachedTokens());
        listener.firstToken(flight, request.cachedTokens(), workSeconds, atNanos);
      }
    }

    @Override
    public void finished(EngineRequest request, long atNanos) {
      requests.remove(flight);
      if (listener != null) {
        listener.completed(flight, atNanos);
      }
    }
  }
}
