package io.warmpath.cli.sticky;

import com.google.errorprone.annotations.Var;
import io.warmpath.agent.AgentConfig;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.cli.sticky.StickyClient.Call;
import io.warmpath.cli.sticky.StickyClient.Kind;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import io.warmpath.router.usage.Prices;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.simulator.engine.EngineProfile;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends the same request twice in a row, round after round, through a cluster of its own, and
 * counts what was read from caches. Each round has a prompt that no other has.
 */
public final class StickyRun {

  private static final Duration READY_LIMIT = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 5;
  private static final long SEED = 20261121;

  /** Of a million tokens, in any currency: a tenth for what is cached. */
  public static final Prices DEFAULT_PRICES = new Prices(0.5, 0.05, 1.5);

  private final Settings settings;
  private final StickyPolicy policy;
  private final Scenario scenario;
  private final SplittableRandom draws = new SplittableRandom(SEED);

  /**
   * What is tested.
   *
   * @param rounds rounds of two calls; a third of them is plain chat, a third streamed chat, and a
   *     third text completion
   * @param replicas simulated engines
   * @param promptCharacters length of each prompt
   * @param profile what the engines imitate
   * @param prices what tokens cost
   */
  public record Settings(
      int rounds, int replicas, int promptCharacters, EngineProfile profile, Prices prices) {

    public Settings {
      if (rounds < 3 || rounds > 100_000) {
        throw new IllegalArgumentException("rounds is " + rounds + "; allowed are 3 to 100000");
      }
      if (promptCharacters < 1_000 || promptCharacters > 1_000_000) {
        throw new IllegalArgumentException(
            "characters is " + promptCharacters + "; allowed are 1000 to 1000000");
      }
    }
  }

  /** What else happens. */
  public enum Scenario {
    PLAIN("plain"),
    /** Half way, the engine that served the last call dies. */
    REPLICA_KILLED("replicaKilled"),
    /** Calls go to two routers in turn. */
    TWO_ROUTERS("twoRouters");

    private final String id;

    Scenario(String id) {
      this.id = id;
    }
  }

  public StickyRun(Settings settings, StickyPolicy policy, Scenario scenario) {
    this.settings = settings;
    this.policy = policy;
    this.scenario = scenario;
  }

  /**
   * Runs it.
   *
   * @throws IOException when a call is not answered, or the cluster does not start
   */
  public StickyResult run() throws IOException, InterruptedException {
    RouterConfig.Model served =
        new RouterConfig.Model(
            policy.routers(),
            PlacementConfig.DEFAULT,
            RouterConfig.Model.DEFAULT.maxPromptTokens());
    LocalClusterSettings cluster =
        LocalClusterSettings.of(settings.replicas(), settings.profile())
            .with(served, AgentConfig.Queue.DEFAULT);
    try (LocalCluster running = LocalCluster.start(cluster)) {
      running.awaitReady(READY_LIMIT);
      if (scenario != Scenario.TWO_ROUTERS) {
        return rounds(running, List.of(running.router().httpPort()));
      }
      try (Router second = secondRouter(running, served)) {
        return rounds(running, List.of(running.router().httpPort(), second.httpPort()));
      }
    }
  }

  private static Router secondRouter(LocalCluster cluster, RouterConfig.Model served)
      throws IOException, InterruptedException {
    Router router =
        Router.start(
            RouterConfig.of(
                    new RouterConfig.Fleet.ZooKeeper(
                        ZooKeeperSettings.of(cluster.zooKeeperAddress())))
                .withHttp(new RouterConfig.Listen("127.0.0.1", 0))
                .withDefaultModel(served));
    long deadline = System.nanoTime() + READY_LIMIT.toNanos();
    while (!router.ready()) {
      if (System.nanoTime() - deadline > 0) {
        router.close();
        throw new IOException("the second router did not become ready");
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    return router;
  }

  private StickyResult rounds(LocalCluster cluster, List<Integer> ports)
      throws IOException, InterruptedException {
    List<Call> firsts = new ArrayList<>();
    List<Call> seconds = new ArrayList<>();
    try (StickyClient client = new StickyClient(ports, cluster.settings().model())) {
      for (int round = 0; round < settings.rounds(); round++) {
        if (scenario == Scenario.REPLICA_KILLED && round == settings.rounds() / 2) {
          kill(cluster, seconds.getLast().replica());
        }
        firsts.add(call(client, round));
        seconds.add(call(client, round));
      }
    }
    return result(firsts, seconds);
  }

  private static void kill(LocalCluster cluster, String replica) {
    for (int i = 0; i < cluster.engines().size(); i++) {
      if (LocalCluster.replicaId(i).equals(replica)) {
        cluster.engines().get(i).kill();
      }
    }
  }

  private Call call(StickyClient client, int round) throws IOException, InterruptedException {
    Kind[] kinds = Kind.values();
    Kind kind = kinds[(int) ((long) round * kinds.length / settings.rounds())];
    String prompt = StickyClient.text(settings.promptCharacters(), SEED + round);
    String session = policy == StickyPolicy.SESSION_ONLY ? "round-" + round : null;
    return client.send(kind, prompt, session, drawn());
  }

  private @Nullable String drawn() {
    return policy == StickyPolicy.RANDOM
        ? LocalCluster.replicaId(draws.nextInt(settings.replicas()))
        : null;
  }

  private StickyResult result(List<Call> firsts, List<Call> seconds) {
    int blockTokens = settings.profile().blockSizeTokens();
    @Var int fromCache = 0;
    @Var int callsFromCache = 0;
    @Var long tokens = 0;
    @Var long cached = 0;
    @Var long possible = 0;
    for (Call second : seconds) {
      fromCache += second.cachedTokens() > 0 ? 1 : 0;
      tokens += second.promptTokens();
      cached += second.cachedTokens();
      possible += (long) (second.promptTokens() - 1) / blockTokens * blockTokens;
    }
    List<Call> all = new ArrayList<>(firsts);
    all.addAll(seconds);
    for (Call call : all) {
      callsFromCache += call.cachedTokens() > 0 ? 1 : 0;
    }
    return new StickyResult(
        policy.id(),
        scenario.id,
        seconds.size(),
        fromCache,
        (double) callsFromCache / all.size(),
        (double) cached / tokens,
        (double) possible / tokens,
        all.stream().mapToDouble(call -> cost(call, call.cachedTokens())).sum(),
        all.stream().mapToDouble(call -> cost(call, 0)).sum());
  }

  private double cost(Call call, int cachedTokens) {
    return settings.prices().cost(call.promptTokens(), cachedTokens, call.completionTokens());
  }
}
