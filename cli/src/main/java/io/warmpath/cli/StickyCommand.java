package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.sticky.StickyPolicy;
import io.warmpath.cli.sticky.StickyResult;
import io.warmpath.cli.sticky.StickyRun;
import io.warmpath.cli.sticky.StickyRun.Scenario;
import io.warmpath.router.usage.Prices;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath sticky}. */
@Command(
    name = "sticky",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Sends the same OpenAI request twice in a row and counts how often the second is cached.",
      "",
      "Each policy gets a cluster of its own with empty caches, in this process and over real",
      "sockets. Warmpath also runs with an engine killed half way, and with two routers in turn.",
      "It is told of no session; session-only is. The token rate is that of the second calls."
    })
final class StickyCommand implements Callable<Integer> {

  private static final int REPLICAS = 4;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Rounds of two calls. Default: ${DEFAULT-VALUE}.")
  private @Var int rounds = 120;

  @Option(
      names = "--characters",
      paramLabel = "N",
      description = "Length of a prompt. Default: ${DEFAULT-VALUE}.")
  private @Var int characters = 12_000;

  @Mixin private final EngineOptions engines = new EngineOptions();

  @Option(
      names = "--policy",
      paramLabel = "NAME",
      split = ",",
      description = "Default: warmpath,round-robin,random,session-only.")
  private @Var List<String> policies = List.of("warmpath", "round-robin", "random", "session-only");

  @Option(
      names = "--prices",
      paramLabel = "PRICE",
      split = ",",
      arity = "1",
      description =
          "Of a million computed prompt tokens, cached ones, and decoded ones."
              + " Default: 0.5,0.05,1.5.")
  private @Var List<Double> prices = List.of(0.5, 0.05, 1.5);

  @Mixin private final JsonFile json = new JsonFile();

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException, InterruptedException {
    Logs.warningsOnly();
    Console console = Console.of(spec);
    List<StickyRun> runs;
    try {
      runs = runs();
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(String.valueOf(refused.getMessage()));
    }
    List<StickyResult> results = new ArrayList<>();
    console.line(StickyResult.heading());
    for (StickyRun run : runs) {
      StickyResult result = run.run();
      results.add(result);
      console.line(result.row());
    }
    json.write(results);
    return ExitCodes.OK;
  }

  private List<StickyRun> runs() {
    if (prices.size() != 3) {
      throw new IllegalArgumentException(
          "--prices has " + prices.size() + " entries, it must have 3");
    }
    StickyRun.Settings settings =
        new StickyRun.Settings(
            rounds,
            engines.replicas(REPLICAS),
            characters,
            engines.profile("8b-h100"),
            new Prices(prices.get(0), prices.get(1), prices.get(2)));
    List<StickyRun> runs = new ArrayList<>();
    for (String name : policies) {
      StickyPolicy policy = StickyPolicy.of(name);
      runs.add(new StickyRun(settings, policy, Scenario.PLAIN));
      if (policy == StickyPolicy.WARMPATH) {
        runs.add(new StickyRun(settings, policy, Scenario.REPLICA_KILLED));
        runs.add(new StickyRun(settings, policy, Scenario.TWO_ROUTERS));
      }
    }
    return runs;
  }
}
