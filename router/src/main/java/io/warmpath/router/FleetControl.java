package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.micrometer.core.instrument.MeterRegistry;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.Placement;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import io.warmpath.tokenizer.HeadEncoder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control path: takes views of the fleet on its own thread, brings each model's placement up to
 * date, and publishes one immutable {@link RoutingTable}.
 */
final class FleetControl implements AutoCloseable {

  /*
   * A view is whole, so only the newest counts: the queue in front of the thread is one slot, and a
   * view that is overtaken there is dropped.
   *
   * A model stays known once it was seen, also when its last replica is gone: its requests then get
   * "no replica is ready", which is true and passes, and not "unknown model". The number of models
   * is limited; replicas of further models are ignored and counted.
   */

  private static final Logger LOG = LoggerFactory.getLogger(FleetControl.class);

  private static final int CLOSE_LIMIT_SECONDS = 2;
  private static final long RETAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final RelayLoops loops;
  private final Ticker ticker;
  private final MeterRegistry registry;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("warmpath-control").factory());
  private final AtomicReference<@Nullable FleetView> newest = new AtomicReference<>();
  private final Tokenizers tokenizers;
  private final PlacementFactory placements;
  private final Consumer<RoutingTable> published;
  private volatile RoutingTable table;

  // Of the control thread.
  private RouterConfig config;
  private FleetView lastView = FleetView.EMPTY;
  private final Map<String, Known> known = new LinkedHashMap<>();
  private Set<String> addresses = Set.of();
  private long retainedNanos;
  private boolean complainedOfModels;
  private final ShadowLog shadowLog;

  /** What lives as long as the router does, for one model. */
  private record Known(
      RouterConfig.Model config,
      Placement placement,
      PromptPrefixes prefixes,
      @Nullable HeadEncoder encoder,
      FamilyRules families,
      ModelMetrics metrics) {}

  /**
   * Makes a control path that waits for its first view.
   *
   * @param tokenizers of the models that have one
   * @param placements makes each model's placement
   * @param published told of each new table, on the control thread
   */
  FleetControl(
      RouterConfig config,
      RelayLoops loops,
      Ticker ticker,
      MeterRegistry registry,
      Tokenizers tokenizers,
      PlacementFactory placements,
      Consumer<RoutingTable> published) {
    this.tokenizers = tokenizers;
    this.placements = placements;
    this.published = published;
    this.config = config;
    this.loops = loops;
    this.ticker = ticker;
    this.registry = registry;
    this.retainedNanos = ticker.nanos();
    this.shadowLog = new ShadowLog(ticker.nanos());
    config.models().keySet().forEach(this::know);
    this.table = tableOf(FleetView.EMPTY, 0);
  }

  /** The published table; one volatile read. */
  RoutingTable table() {
    return table;
  }

  /** Hands over a whole view; returns at once. Any thread. */
  void take(FleetView view) {
    if (newest.getAndSet(view) == null) {
      thread.execute(this::publishNewest);
    }
  }

  @SuppressWarnings("IllegalCatch") // Outermost frame: a bad view must not end the control path.
  private void publishNewest() {
    FleetView view = newest.getAndSet(null);
    if (view == null) {
      return;
    }
    try {
      publish(view);
    } catch (RuntimeException bug) {
      registry.counter("warmpath.router.fleet.failures").increment();
      LOG.error("a view of the fleet was not taken; the last one stays", bug);
    }
  }

  /**
   * Takes the part of a config that can change as the router runs; returns once it is in effect.
   * Requests on their way go on as they were placed.
   */
  void reconfigure(RouterConfig next) throws InterruptedException {
    Future<?> done = thread.submit(() -> applyConfig(next));
    try {
      done.get();
    } catch (ExecutionException bug) {
      throw new IllegalStateException("the config was checked and yet cannot be used", bug);
    }
  }

  private void applyConfig(RouterConfig next) {
    config = next;
    known.replaceAll((model, entry) -> {
      RouterConfig.Model settings = next.model(model);
      if (!entry.placement.reconfigure(settings.placement())
          && !settings.placement().equals(entry.config.placement())) {
        LOG.warn(
            "model {}: policy {} takes other settings at the next start only",
            model,
            entry.config.policy().id());
      }
      return new Known(
          settings,
          entry.placement,
          entry.prefixes,
          entry.encoder,
          rules(model, settings, entry.prefixes, entry.encoder),
          entry.metrics);
    });
    next.models().keySet().forEach(this::know);
    if (table.number() == 0) {
      table = tableOf(FleetView.EMPTY, 0);
    } else {
      publish(lastView);
    }
  }

  private FamilyRules rules(
      String model,
      RouterConfig.Model settings,
      PromptPrefixes prefixes,
      @Nullable HeadEncoder encoder) {
    return FamilyRules.of(config.families(), model, settings.placement(), prefixes, encoder);
  }

  private void publish(FleetView view) {
    lastView = view;
    FleetView usable = usable(view);
    for (FleetView.Observed observed : usable.replicas()) {
      observed.report().identity().models().forEach(model -> know(model.name()));
    }
    known.forEach((model, entry) -> entry.placement.update(servers(usable, model)));
    RoutingTable next = tableOf(usable, table.number() + 1);
    table = next;
    published.accept(next);
    retainChannels(usable);
    if (shadowLog.isDue(ticker.nanos())) {
      known.forEach((model, entry) -> shadowLog.tell(model, entry.placement));
    }
  }

  private FleetView usable(FleetView view) {
    List<FleetView.Observed> replicas = new ArrayList<>(view.replicas().size());
    for (FleetView.Observed observed : view.replicas()) {
      if (AgentAddress.isValid(observed.report().identity().address())) {
        replicas.add(observed);
      } else {
        registry.counter("warmpath.router.fleet.refused", "reason", "address").increment();
      }
    }
    return new FleetView(replicas, view.routerCount(), view.routerIndex());
  }

  private void know(String model) {
    if (known.containsKey(model)) {
      return;
    }
    if (known.size() >= config.limits().maxModels()) {
      registry.counter("warmpath.router.fleet.refused", "reason", "models").increment();
      if (!complainedOfModels) {
        complainedOfModels = true;
        LOG.warn("more than {} models: further ones are ignored", config.limits().maxModels());
      }
      return;
    }
    RouterConfig.Model settings = config.model(model);
    Placement placement =
        placements.create(
            settings.policy(),
            settings.placement(),
            ticker,
            ThreadLocalRandom.current().nextLong());
    PlacementMetrics.register(registry, model, placement);
    PromptPrefixes prefixes = new PromptPrefixes(settings.placement().prefix());
    HeadEncoder encoder = tokenizers.encoder(settings.tokenizer(), prefixes);
    known.put(
        model,
        new Known(
            settings,
            placement,
            prefixes,
            encoder,
            rules(model, settings, prefixes, encoder),
            new ModelMetrics(registry, model)));
  }

  private static FleetView servers(FleetView view, String model) {
    return new FleetView(
        view.replicas().stream().filter(o -> served(o.report(), model) != null).toList(),
        view.routerCount(),
        view.routerIndex());
  }

  private static ReplicaReport.@Nullable ServedModel served(ReplicaReport report, String model) {
    for (ReplicaReport.ServedModel served : report.identity().models()) {
      if (served.name().equals(model)) {
        return served;
      }
    }
    return null;
  }

  private RoutingTable tableOf(FleetView view, long number) {
    Map<String, ModelRoute> routes = new HashMap<>();
    Map<String, String> adapters = new HashMap<>();
    known.forEach((model, entry) -> {
      ModelRoute route = route(view, model, entry);
      routes.put(model, route);
      route.missingAdapter().keySet().forEach(adapter -> adapters.putIfAbsent(adapter, model));
    });
    return new RoutingTable(number, ticker.nanos(), view, routes, adapters);
  }

  private static ModelRoute route(FleetView view, String model, Known entry) {
    @Var int maxPromptTokens = entry.config.maxPromptTokens();
    Map<String, Set<String>> holders = new HashMap<>();
    List<String> servers = new ArrayList<>();
    List<String> missingRelay = new ArrayList<>();
    for (FleetView.Observed observed : view.replicas()) {
      ReplicaReport.ServedModel served = served(observed.report(), model);
      if (served == null) {
        continue;
      }
      servers.add(observed.report().id());
      String relay = observed.report().identity().labels().get(RelayProtocol.ADDRESS_LABEL);
      if (relay == null || !AgentAddress.isValid(relay)) {
        missingRelay.add(observed.report().id());
      }
      if (served.maxModelLenTokens() > 0) {
        maxPromptTokens = Math.min(maxPromptTokens, served.maxModelLenTokens());
      }
      for (String adapter : served.loraAdapters()) {
        holders.computeIfAbsent(adapter, a -> new HashSet<>()).add(observed.report().id());
      }
    }
    Map<String, List<String>> missing = new HashMap<>();
    holders.forEach((adapter, ids) ->
        missing.put(adapter, servers.stream().filter(id -> !ids.contains(id)).toList()));
    return new ModelRoute(
        model,
        entry.config.policy().id(),
        entry.placement,
        entry.prefixes,
        entry.encoder,
        entry.families,
        entry.metrics,
        new ModelRoute.Limits(
            maxPromptTokens,
            entry.config.placement().limits().maxAttempts(),
            entry.config.placement().limits().maxQueueWaitSeconds()),
        missing,
        missingRelay);
  }

  private void retainChannels(FleetView view) {
    Set<String> alive = new HashSet<>();
    for (FleetView.Observed observed : view.replicas()) {
      ReplicaReport.Identity identity = observed.report().identity();
      alive.add(identity.address());
      String relay = identity.labels().get(RelayProtocol.ADDRESS_LABEL);
      if (relay != null) {
        alive.add(relay);
      }
    }
    long now = ticker.nanos();
    if (!alive.equals(addresses) || now - retainedNanos > RETAIN_NANOS) {
      addresses = alive;
      retainedNanos = now;
      loops.retain(alive);
    }
  }

  /** Ends the thread; once this has returned no view is taken. */
  @Override
  public void close() {
    thread.shutdownNow();
    try {
      if (!thread.awaitTermination(CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("the control thread did not end within {} s", CLOSE_LIMIT_SECONDS);
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }
}
