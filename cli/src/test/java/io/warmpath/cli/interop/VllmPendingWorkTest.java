package io.warmpath.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.interop.AgentClient.Sent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the agent says of its pending work against what a real vLLM then takes for it: one engine,
 * and nothing before it but the agent's own queue.
 */
@Tag("interop")
final class VllmPendingWorkTest {

  private static final Logger log = LoggerFactory.getLogger(VllmPendingWorkTest.class);

  private static final int REQUESTS_BEFORE = 1_000;
  private static final int CLIENTS = 4;
  private static final int BURSTS = 25;
  private static final int BURST_REQUESTS = 10;

  /**
   * Catches what is wrong altogether. On processors of their own engine and agent are far closer;
   * where other work takes them, engines take more time than their prompts.
   */
  private static final double BOUND = 1.75;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Room for 640,000 tokens: nothing that a prompt could read again is evicted. */
  private static final List<String> OPTIONS = List.of("--num-gpu-blocks-override", "20000");

  @TempDir private Path directory;

  @Test
  void pendingWork_afterThousandRequestsOfATrace_isWhatManyBurstsTake() throws Exception {
    Optional<String> missing = VllmTestEngine.whyMissing();
    assumeTrue(missing.isEmpty(), missing.orElse(""));
    TracePrompts prompts = TracePrompts.open(1);
    try (VllmTestEngine engine = new VllmTestEngine(directory, OPTIONS);
        InteropCluster cluster =
            new InteropCluster(directory.resolve("zookeeper"), List.of(engine));
        AgentClient agent = new AgentClient(cluster.agent(0).grpcPort())) {
      serve(agent, prompts);
      @Var double said = 0;
      @Var double took = 0;
      for (int i = 0; i < BURSTS; i++) {
        Burst burst = burst(agent, prompts);
        log.info("burst {}: said {} s, took {} s", i, burst.saidSeconds, burst.tookSeconds);
        said += burst.saidSeconds;
        took += burst.tookSeconds;
      }
      log.info("all bursts: said {} of what they took", said / took);
      assertThat(said / took).isBetween(1 / BOUND, BOUND);
    }
  }

  /** Some clients at a time, so that the engine always has work and the agent learns its speed. */
  private static void serve(AgentClient agent, TracePrompts prompts) throws Exception {
    Semaphore free = new Semaphore(CLIENTS);
    for (int i = 0; i < REQUESTS_BEFORE; i++) {
      free.acquire();
      var _ = agent.send(prompts.next()).firstTokenNanos().whenComplete((_, _) -> free.release());
    }
    free.acquire(CLIENTS);
  }

  private record Burst(double saidSeconds, double tookSeconds) {}

  /** Several prompts at once; the last one is next to nothing, and is told of all the others. */
  private static Burst burst(AgentClient agent, TracePrompts prompts) throws Exception {
    List<Sent> burst = new ArrayList<>();
    for (int i = 0; i < BURST_REQUESTS; i++) {
      burst.add(agent.send(prompts.next()));
    }
    for (Sent sent : burst) {
      sent.pendingSeconds().get();
    }
    Sent last = agent.send(new TracePrompts.Prompt(new int[] {1}, 0));
    double said = last.pendingSeconds().get();
    long beganNanos = System.nanoTime();
    @Var long tookNanos = 0;
    for (Sent sent : burst) {
      tookNanos = Math.max(tookNanos, sent.firstTokenNanos().get() - beganNanos);
    }
    last.firstTokenNanos().get();
    return new Burst(said, tookNanos / NANOS_PER_SECOND);
  }
}
