package io.warmpath.cli.interop;

import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.simulator.server.EngineServerSettings;
import io.warmpath.simulator.server.KvEventSettings;
import io.warmpath.simulator.server.SimulatedEngineServer;
import java.io.IOException;
import java.net.URI;
import java.util.Objects;

/** The simulated engine, five times as fast as the one that it imitates. */
final class SimulatedTestEngine implements TestEngine {

  private static final double SPEED = 5;

  private final SimulatedEngineServer server;

  SimulatedTestEngine() throws IOException {
    EngineProfile profile =
        EngineProfile.named("8b-h100")
            .atSpeed(SPEED)
            .withCache(BLOCKS, BLOCK_TOKENS)
            .withLimits(MODEL_LENGTH, MODEL_LENGTH, 16);
    server =
        SimulatedEngineServer.start(
            EngineServerSettings.of(MODEL, profile)
                .withLoraAdapters(ADAPTERS)
                .withKvEvents(KvEventSettings.local()));
  }

  @Override
  public URI url() {
    return server.url();
  }

  @Override
  public String events() {
    return Objects.requireNonNull(server.eventEndpoint());
  }

  @Override
  public String replay() {
    return Objects.requireNonNull(server.replayEndpoint());
  }

  @Override
  public void kill() {
    server.kill();
  }

  @Override
  public void restart() throws IOException {
    server.restart();
  }

  @Override
  public void close() {
    server.close();
  }
}
