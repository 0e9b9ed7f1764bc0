package io.warmpath.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.interop.TracePrompts.Prompt;
import io.warmpath.v1.Usage;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A vLLM whose usage does not tell cached tokens: the agent measures them by its counter. */
@Tag("interop")
final class VllmMeasuredCacheTest {

  private static final int LEARNING = 100;
  private static final int REQUESTS = 200;

  private static final List<String> OPTIONS =
      List.of("--num-gpu-blocks-override", "20000", "--no-enable-prompt-tokens-details");

  @TempDir private Path directory;

  @Test
  void cachedTokens_whateverWasExpected_sumUpToTheEnginesCounter() throws Exception {
    Optional<String> missing = VllmTestEngine.whyMissing();
    assumeTrue(missing.isEmpty(), missing.orElse(""));
    TracePrompts prompts = TracePrompts.open(2);
    try (VllmTestEngine engine = new VllmTestEngine(directory, OPTIONS);
        InteropCluster cluster =
            new InteropCluster(directory.resolve("zookeeper"), List.of(engine));
        AgentClient agent = new AgentClient(cluster.agent(0).grpcPort())) {
      serve(agent, prompts, LEARNING);
      double before = cluster.metric(engine.url(), "vllm:prefix_cache_hits_total", "");
      long said = serve(agent, prompts, REQUESTS);
      double counted = cluster.metric(engine.url(), "vllm:prefix_cache_hits_total", "") - before;
      assertThat(counted).isPositive();
      assertThat((double) said).isCloseTo(counted, within(0.15 * counted));
      assertThat(cluster.agentMetric(0, "warmpath_agent_usages_total", "measured"))
          .isGreaterThanOrEqualTo(REQUESTS);
    }
  }

  /** Expects half of what is cached; returns what the agent says of all of them. */
  private static long serve(AgentClient agent, TracePrompts prompts, int count) throws Exception {
    @Var long said = 0;
    for (int i = 0; i < count; i++) {
      Prompt prompt = prompts.next();
      Prompt doubted = new Prompt(prompt.ids(), prompt.cachedTokens() / 2);
      Usage usage = agent.send(doubted).usage().get();
      assertThat(usage.getCachedTokensEstimated()).isTrue();
      said += usage.getCachedTokens();
    }
    return said;
  }
}
