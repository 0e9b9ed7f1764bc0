package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.grpc.StatusRuntimeException;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.SamplingParams;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath load}. */
@Command(
    name = "load",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Sends requests to a router until it is stopped, and prints what became of them.",
      "",
      "A line a second; failed are those that had not begun to stream, cut are the others."
    })
final class LoadCommand implements Callable<Integer> {

  private static final String SENTENCE = "You are a careful assistant who answers in one line. ";
  private static final int SENTENCES = 120;
  private static final int LONGEST_ANSWER_SECONDS = 60;

  @Mixin private final RouterAddress router = new RouterAddress();

  @Option(
      names = "--clients",
      paramLabel = "N",
      description = "Clients, each with a connection and one request. Default: ${DEFAULT-VALUE}.")
  private @Var int clients = 8;

  @Option(
      names = "--families",
      paramLabel = "N",
      description = "Prompt cache keys, family-0 and so on. Default: ${DEFAULT-VALUE}.")
  private @Var int families = 4;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "The model. Default: ${DEFAULT-VALUE}.")
  private @Var String model = "simulated";

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Tokens of an answer. Default: ${DEFAULT-VALUE}.")
  private @Var int maxTokens = 16;

  @Option(
      names = "--pause",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "Between a client's answer and its next request. Default: 50ms.")
  private @Var double pauseSeconds = 0.05;

  @Option(
      names = "--duration",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "When to stop. Default: after 1h.")
  private @Var double durationSeconds = 3600;

  @Spec private @Var @Nullable CommandSpec spec;

  private final AtomicLong numbers = new AtomicLong();
  private final LoadTally tally = new LoadTally();

  @Override
  public Integer call() throws CommandFailure, InterruptedException {
    if (clients < 1 || families < 1 || maxTokens < 1) {
      throw CommandFailure.badInput("--clients, --families and --max-tokens must be at least 1");
    }
    Console console = Console.of(spec);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      RouterClient client = router.connect();
      threads.add(Thread.ofVirtual().start(() -> sendUntilInterrupted(client)));
    }
    long end = System.nanoTime() + (long) (durationSeconds * 1e9);
    while (System.nanoTime() - end < 0) {
      TimeUnit.SECONDS.sleep(1);
      console.line(tally.takeLine());
    }
    threads.forEach(Thread::interrupt);
    for (Thread thread : threads) {
      thread.join();
    }
    console.line(tally.takeLine());
    return tally.failures() == 0 ? ExitCodes.OK : ExitCodes.FAILED;
  }

  private void sendUntilInterrupted(RouterClient connected) {
    try (RouterClient client = connected) {
      while (true) {
        send(client);
        TimeUnit.NANOSECONDS.sleep((long) (pauseSeconds * 1e9));
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  private void send(RouterClient client) {
    long start = System.nanoTime();
    @Var boolean streaming = false;
    @Var int tries = 1;
    try {
      Iterator<GenerateResponse> events =
          client
              .inference()
              .withDeadlineAfter(LONGEST_ANSWER_SECONDS, TimeUnit.SECONDS)
              .generate(request(numbers.getAndIncrement()));
      while (events.hasNext()) {
        GenerateResponse event = events.next();
        streaming |= event.hasDelta();
        if (event.hasPlacement()) {
          tries = event.getPlacement().getAttempts();
          tally.placed(event.getPlacement().getReplicaId());
        }
      }
      tally.completed(tries, System.nanoTime() - start);
    } catch (StatusRuntimeException failed) {
      if (!Thread.currentThread().isInterrupted()) {
        tally.failed(streaming, Failures.ofStatus(failed.getStatus()));
      }
    }
  }

  private GenerateRequest request(long number) {
    long family = number % families;
    return GenerateRequest.newBuilder()
        .setModel(model)
        .setText("Family " + family + ". " + SENTENCE.repeat(SENTENCES) + "Question " + number)
        .setAffinity(Affinity.newBuilder().setPromptCacheKey("family-" + family))
        .setSampling(SamplingParams.newBuilder().setMaxTokens(maxTokens))
        .build();
  }
}
