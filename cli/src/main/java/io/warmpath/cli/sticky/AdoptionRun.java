package io.warmpath.cli.sticky;

import io.warmpath.agent.AgentConfig;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.cli.sticky.StickyClient.Call;
import io.warmpath.cli.sticky.StickyClient.Kind;
import io.warmpath.router.RouterConfig;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.simulator.engine.EngineProfile;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Conversations of several agents at once, of which a share names its session in a header, and the
 * share of all prompt tokens that was read from caches.
 */
public final class AdoptionRun {

  private static final Duration READY_LIMIT = Duration.ofSeconds(60);
  private static final long SEED = 20261122;

  private final Settings settings;

  /**
   * What is tested.
   *
   * @param sessions conversations; each belongs to one of the agents in turn
   * @param turns requests of each, every one with all before it
   * @param agents different system prompts
   * @param concurrent conversations at a time
   * @param systemCharacters length of a system prompt
   * @param turnCharacters length of each further message
   * @param replicas simulated engines
   * @param profile what the engines imitate
   */
  public record Settings(
      int sessions,
      int turns,
      int agents,
      int concurrent,
      int systemCharacters,
      int turnCharacters,
      int replicas,
      EngineProfile profile) {

    /** 48 conversations of six turns, eight at a time, with four agents. */
    public static Settings of(int replicas, EngineProfile profile) {
      return new Settings(48, 6, 4, 8, 6_000, 1_500, replicas, profile);
    }
  }

  /**
   * What one run found.
   *
   * @param policy what decided
   * @param api {@code chat}, where the router sees the conversation, or {@code completions}, where
   *     it sees a text
   * @param headerSharePercent conversations that name their session
   * @param requests how many there were
   * @param tokenHitRate share of all prompt tokens read from a cache
   */
  public record Result(
      String policy, String api, int headerSharePercent, int requests, double tokenHitRate) {}

  public AdoptionRun(Settings settings) {
    this.settings = settings;
  }

  /**
   * Runs all conversations once, on a cluster of their own.
   *
   * @param chat whether they are sent as conversations, or as the text of one
   * @throws IOException when a request is not answered, or the cluster does not start
   */
  public Result run(AdoptionPolicy policy, boolean chat, int headerSharePercent)
      throws IOException, InterruptedException {
    RouterConfig.Model served =
        new RouterConfig.Model(
            policy.routers(),
            PlacementConfig.DEFAULT,
            RouterConfig.Model.DEFAULT.maxPromptTokens());
    LocalClusterSettings cluster =
        LocalClusterSettings.of(settings.replicas(), settings.profile())
            .with(served, AgentConfig.Queue.DEFAULT);
    AtomicLong prompt = new AtomicLong();
    AtomicLong cached = new AtomicLong();
    try (LocalCluster running = LocalCluster.start(cluster);
        StickyClient client =
            new StickyClient(List.of(running.router().httpPort()), running.settings().model());
        ExecutorService clients = Executors.newFixedThreadPool(settings.concurrent())) {
      running.awaitReady(READY_LIMIT);
      List<Future<?>> conversations = new ArrayList<>();
      for (int session = 0; session < settings.sessions(); session++) {
        int number = session;
        boolean named = number * 100 / settings.sessions() < headerSharePercent;
        Sessions sessions =
            named
                ? turn -> "session-" + number
                : policy == AdoptionPolicy.HEADER_ONLY
                    ? turn -> "stranger-" + number + "-" + turn
                    : turn -> null;
        conversations.add(
            clients.submit(() -> {
              converse(client, number, chat, sessions, prompt, cached);
              return number;
            }));
      }
      for (Future<?> conversation : conversations) {
        await(conversation);
      }
    }
    return new Result(
        policy.id(),
        chat ? "chat" : "completions",
        headerSharePercent,
        settings.sessions() * settings.turns(),
        (double) cached.get() / prompt.get());
  }

  /** What each turn of a conversation names as its session, null for nothing. */
  private interface Sessions {
    @Nullable String of(int turn);
  }

  private static void await(Future<?> conversation) throws IOException, InterruptedException {
    try {
      conversation.get();
    } catch (ExecutionException failed) {
      throw new IOException("a conversation failed: " + failed.getCause(), failed);
    }
  }

  private void converse(
      StickyClient client,
      int number,
      boolean chat,
      Sessions sessions,
      AtomicLong prompt,
      AtomicLong cached)
      throws IOException, InterruptedException {
    List<String> messages = new ArrayList<>();
    messages.add(StickyClient.text(settings.systemCharacters(), SEED + number % settings.agents()));
    for (int turn = 0; turn < settings.turns(); turn++) {
      messages.add(text(number, 2 * turn));
      String session = sessions.of(turn);
      Call call =
          chat
              ? client.converse(messages, session)
              : client.send(Kind.COMPLETION, String.join("\n", messages), session, null);
      prompt.addAndGet(call.promptTokens());
      cached.addAndGet(call.cachedTokens());
      messages.add(text(number, 2 * turn + 1));
    }
  }

  private String text(int session, int message) {
    return StickyClient.text(settings.turnCharacters(), SEED + 1_000 * (session + 1L) + message);
  }
}
