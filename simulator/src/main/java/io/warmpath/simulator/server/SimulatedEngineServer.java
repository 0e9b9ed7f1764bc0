package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.warmpath.routing.Ticker;
import io.warmpath.simulator.engine.EngineListener;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server with vLLM's surface over the engine model in real time. All of a server runs on
 * one event loop, which servers may share; an idle one uses no CPU.
 */
@SuppressWarnings("FutureReturnValueIgnored") // shutdown is not awaited
public final class SimulatedEngineServer implements AutoCloseable {

  private static final int MAX_LINE_BYTES = 64 << 10;
  private static final int MAX_HEADER_BYTES = 64 << 10;
  private static final int MAX_CHUNK_BYTES = 64 << 10;
  private static final int BACKLOG = 1_024;

  /** Requests that may wait while the engine is frozen; more are cut off. */
  private static final int MAX_FROZEN = 4_096;

  private final EngineServerSettings settings;
  private final EventLoop executor;
  private final @Nullable MultiThreadIoEventLoopGroup ownGroup;
  private final Faults faults = new Faults();
  private final ChannelGroup connections;
  private final ArrayDeque<Exchange> frozen = new ArrayDeque<>();

  // Confined to the event loop.
  private EngineLoop loop;
  private Routes routes;
  private boolean hung;

  // Confined to the thread that starts, kills and restarts.
  private @Nullable Channel listener;
  private @Nullable KvEventPublisher events;
  private KvEventPublisher.@Nullable Endpoints eventEndpoints;
  private int port;

  private SimulatedEngineServer(
      EngineServerSettings settings,
      EventLoop executor,
      @Nullable MultiThreadIoEventLoopGroup ownGroup) {
    this.settings = settings;
    this.executor = executor;
    this.ownGroup = ownGroup;
    connections = new DefaultChannelGroup(executor);
    loop = new EngineLoop(settings, executor, Ticker.system(), EngineListener.NONE);
    routes = new Routes();
  }

  /**
   * Starts a server with an event loop of its own.
   *
   * @throws IOException if the address is taken or cannot be bound
   */
  public static SimulatedEngineServer start(EngineServerSettings settings) throws IOException {
    MultiThreadIoEventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("engine", true), NioIoHandler.newFactory());
    SimulatedEngineServer server =
        new SimulatedEngineServer(settings, (EventLoop) group.next(), group);
    try {
      server.boot(settings.port());
    } catch (IOException e) {
      group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw e;
    }
    return server;
  }

  /**
   * Starts a server on an event loop that the caller shares and shuts down.
   *
   * @throws IOException if the address is taken or cannot be bound
   */
  public static SimulatedEngineServer start(EngineServerSettings settings, EventLoop executor)
      throws IOException {
    SimulatedEngineServer server = new SimulatedEngineServer(settings, executor, null);
    server.boot(settings.port());
    return server;
  }

  public EngineServerSettings settings() {
    return settings;
  }

  /** The port it listens on; the same after a restart. */
  public int port() {
    return port;
  }

  /** Where clients reach it, without a trailing slash. */
  public URI url() {
    return URI.create("http://" + settings.host() + ":" + port);
  }

  /** Address of the cache events, the same after a restart; null if none are published. */
  public @Nullable String eventEndpoint() {
    return eventEndpoints == null ? null : eventEndpoints.events();
  }

  /** Address that replays cache events, the same after a restart; null if there is none. */
  public @Nullable String replayEndpoint() {
    return eventEndpoints == null ? null : eventEndpoints.replay();
  }

  /** What is wrong with this engine. */
  public Faults faults() {
    return faults;
  }

  /** Returns what the engine holds now. */
  public EngineSnapshot snapshot() {
    return ask(() -> EngineSnapshot.of(loop.model(), loop.metrics()));
  }

  /** Stops the engine's time and all answers; connections stay, as those of a stopped process. */
  public void freeze() {
    onLoop(() -> {
      if (!hung) {
        hung = true;
        loop.pause();
      }
    });
  }

  /** Lets a frozen engine go on. */
  public void thaw() {
    onLoop(() -> {
      if (!hung) {
        return;
      }
      hung = false;
      loop.resume();
      for (int i = frozen.size(); i > 0; i--) {
        dispatch(frozen.remove());
      }
      loop.flushDirty();
    });
  }

  /** Requests that wait for a frozen engine. */
  int frozenExchanges() {
    return ask(frozen::size);
  }

  /** Makes each step take {@code factor} times as long; 1 is normal. */
  public void slowDown(double factor) {
    onLoop(() -> loop.model().slowDown(factor));
  }

  /** Closes all connections, with whatever they wait for; new ones are taken. */
  public void dropConnections() {
    connections.close().awaitUninterruptibly();
  }

  /** Refuses new connections from the event loop's next turn on; open ones stay. */
  public void refuseConnections() {
    stopListening();
  }

  /**
   * Takes connections again after {@link #refuseConnections}.
   *
   * @throws IOException if the port was taken meanwhile
   */
  public void acceptConnections() throws IOException {
    listen(port);
  }

  /**
   * Ends the engine as a crash does: connections break, new ones are refused, the cache is lost.
   */
  public void kill() {
    stopListening();
    dropConnections();
    onLoop(this::halt);
    if (events != null) {
      events.close();
      events = null;
    }
  }

  /**
   * Starts a killed engine again on its port, with an empty cache.
   *
   * @throws IOException if the port was taken meanwhile
   */
  public void restart() throws IOException {
    kill();
    boot(port);
  }

  @Override
  public void close() {
    kill();
    if (ownGroup != null) {
      ownGroup.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  private void boot(int atPort) throws IOException {
    KvEventSettings eventSettings = settings.kvEvents();
    if (eventSettings != null) {
      if (eventEndpoints == null) {
        eventEndpoints = KvEventPublisher.Endpoints.of(eventSettings);
      }
      int blockSize = settings.profile().blockSizeTokens();
      events = KvEventPublisher.start(eventSettings, blockSize, eventEndpoints);
      eventEndpoints = events.endpoints();
    }
    EngineListener listeners = events == null ? EngineListener.NONE : events;
    onLoop(() -> {
      loop = new EngineLoop(settings, executor, Ticker.system(), listeners);
      routes = newRoutes();
    });
    listen(atPort);
  }

  private Routes newRoutes() {
    ServedModels models = new ServedModels(settings);
    OpsEndpoints ops = new OpsEndpoints(loop, models, faults, eventEndpoints);
    CompletionEndpoints completions = new CompletionEndpoints(loop, models);
    OtherApiEndpoints others = new OtherApiEndpoints(loop, models);
    DevEndpoints dev = new DevEndpoints(loop, models);
    return new Routes()
        .get("/health", ops::health)
        .get("/ping", ops::health)
        .post("/ping", ops::health)
        .get("/version", ops::version)
        .get("/metrics", ops::metrics)
        .get("/load", ops::load)
        .get("/kv_event_sources", ops::kvEventSources)
        .get("/v1/models", ops::models)
        .post("/tokenize", ops::tokenize)
        .post("/detokenize", ops::detokenize)
        .post("/v1/completions", generating(completions::completions))
        .post("/v1/chat/completions", generating(completions::chat))
        .post("/v1/responses", generating(others::responses))
        .below("/v1/responses/", others::storedResponse)
        .post("/v1/messages", anthropic(generating(others::messages)))
        .post("/v1/messages/count_tokens", anthropic(others::countTokens))
        .post("/v1/embeddings", generating(others::embeddings))
        .post("/sleep", dev::sleep)
        .post("/wake_up", dev::wakeUp)
        .get("/is_sleeping", dev::isSleeping)
        .post("/reset_prefix_cache", dev::resetPrefixCache)
        .post("/v1/load_lora_adapter", dev::loadAdapter)
        .post("/v1/unload_lora_adapter", dev::unloadAdapter);
  }

  /** Lets the fault that refuses all work come first. */
  private Endpoint generating(Endpoint endpoint) {
    return exchange -> {
      int status = faults.refusalStatus();
      if (status != 0) {
        throw new ApiException(status, "ServiceUnavailableError", "The engine refuses.", null);
      }
      endpoint.handle(exchange);
    };
  }

  /** Answers errors in the form of Anthropic's API. */
  private static Endpoint anthropic(Endpoint endpoint) {
    return exchange -> {
      try {
        endpoint.handle(exchange);
      } catch (ApiException e) {
        ObjectNode body = Json.object().put("type", "error");
        body.putObject("error").put("type", e.type()).put("message", e.getMessage());
        exchange.json(e.status(), body);
      }
    };
  }

  private void halt() {
    loop.stop();
    frozen.forEach(Exchange::releaseBody);
    frozen.clear();
    hung = false;
  }

  private void dispatch(Exchange exchange) {
    if (exchange.isEnded()) {
      // The client left while the engine was frozen.
      exchange.releaseBody();
    } else if (!hung) {
      routes.dispatch(exchange);
      exchange.releaseBody();
    } else if (frozen.size() < MAX_FROZEN) {
      frozen.add(exchange);
    } else {
      exchange.releaseBody();
      exchange.abandon();
    }
  }

  private void listen(int atPort) throws IOException {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(executor)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    initConnection(channel);
                  }
                });
    ChannelFuture bound = bootstrap.bind(settings.host(), atPort).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "cannot listen on " + settings.host() + ":" + atPort + ": " + bound.cause().getMessage(),
          bound.cause());
    }
    listener = bound.channel();
    port = ((InetSocketAddress) bound.channel().localAddress()).getPort();
  }

  private void stopListening() {
    Channel bound = listener;
    listener = null;
    if (bound != null) {
      bound.close().awaitUninterruptibly();
    }
  }

  private void initConnection(SocketChannel channel) {
    connections.add(channel);
    channel
        .pipeline()
        .addLast(new HttpServerCodec(MAX_LINE_BYTES, MAX_HEADER_BYTES, MAX_CHUNK_BYTES))
        .addLast(new HttpServerKeepAliveHandler())
        .addLast(new HttpObjectAggregator(settings.maxBodyBytes()))
        .addLast(new Connection(loop, this::dispatch));
  }

  private <T> T ask(Supplier<T> action) {
    return executor.inEventLoop()
        ? action.get()
        : executor.submit(action::get).syncUninterruptibly().getNow();
  }

  private void onLoop(Runnable action) {
    if (executor.inEventLoop()) {
      action.run();
    } else {
      executor.submit(action).syncUninterruptibly();
    }
  }
}
