package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Delta;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.Placement;
import io.warmpath.v1.Usage;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath generate}. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Sends one prompt through a router and prints the answer.",
      "",
      "The answer goes to stdout as it is decoded; then stderr says what was used, which replica",
      "served it and why."
    })
final class GenerateCommand implements Callable<Integer> {

  @Mixin private final PromptOptions prompt = new PromptOptions();

  @Mixin private final RouterAddress router = new RouterAddress();

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = Seconds.class,
      description = "Longest time for the whole answer. Default: 5m.")
  private @Var double timeoutSeconds = 300;

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException {
    Console console = Console.of(spec);
    try (RouterClient client = router.connect()) {
      Iterator<GenerateResponse> events =
          client
              .inference()
              .withDeadlineAfter((long) Math.min(timeoutSeconds * 1e3, 1e12), TimeUnit.MILLISECONDS)
              .generate(prompt.request(client));
      @Var Placement placement = Placement.getDefaultInstance();
      while (events.hasNext()) {
        GenerateResponse event = events.next();
        switch (event.getEventCase()) {
          case PLACEMENT -> placement = event.getPlacement();
          case DELTA -> console.text(text(event.getDelta()));
          case COMPLETED -> finish(console, placement, event.getCompleted());
          case EVENT_NOT_SET -> {}
        }
      }
    }
    return ExitCodes.OK;
  }

  private static String text(Delta delta) {
    return delta.getText();
  }

  private static void finish(Console console, Placement placement, Completed completed) {
    Usage usage = completed.getUsage();
    console.line("");
    console.notef(
        "served by %s, attempt %d (%s; %,d prompt tokens expected in its cache)",
        placement.getReplicaId(),
        placement.getAttempts(),
        Words.reason(placement.getReason()),
        placement.getExpectedCachedTokens());
    console.notef(
        "prompt %,d tokens, %,d from the cache%s; completion %,d tokens; first after %.3f s",
        usage.getPromptTokens(),
        usage.getCachedTokens(),
        usage.getCachedTokensEstimated() ? " (estimated)" : "",
        usage.getCompletionTokens(),
        completed.getTtftSeconds());
  }
}
