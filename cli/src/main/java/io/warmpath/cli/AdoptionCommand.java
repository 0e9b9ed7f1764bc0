package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.sticky.AdoptionPolicy;
import io.warmpath.cli.sticky.AdoptionRun;
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

/** {@code warmpath adoption}. */
@Command(
    name = "adoption",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Says what session headers are worth, by the share of conversations that send one.",
      "",
      "48 conversations of six turns with four agents' system prompts, eight at a time. Sent as",
      "chats, a router knows a conversation by its opening; sent as text completions, only by",
      "header or prefix; for header-only, requests without a header are strangers to each other.",
      "Each row has a cluster of its own, in this process."
    })
final class AdoptionCommand implements Callable<Integer> {

  private static final int REPLICAS = 4;

  @Mixin private final EngineOptions engines = new EngineOptions();

  @Option(
      names = "--share",
      paramLabel = "PERCENT",
      split = ",",
      description = "Default: 0,25,50,75,100.")
  private @Var List<Integer> shares = List.of(0, 25, 50, 75, 100);

  @Option(
      names = "--policy",
      paramLabel = "NAME",
      split = ",",
      description = "Of warmpath, session-only, header-only and round-robin. Default: all.")
  private @Var List<String> policies =
      List.of("warmpath", "session-only", "header-only", "round-robin");

  @Mixin private final JsonFile json = new JsonFile();

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException, InterruptedException {
    Logs.warningsOnly();
    Console console = Console.of(spec);
    AdoptionRun run;
    List<AdoptionPolicy> chosen;
    try {
      run =
          new AdoptionRun(
              AdoptionRun.Settings.of(engines.replicas(REPLICAS), engines.profile("8b-h100")));
      chosen = policies.stream().map(AdoptionPolicy::of).toList();
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(String.valueOf(refused.getMessage()));
    }
    List<AdoptionRun.Result> results = new ArrayList<>();
    console.line("policy         sent as       with header   prompt tokens from cache");
    for (AdoptionPolicy policy : chosen) {
      for (boolean chat : new boolean[] {true, false}) {
        for (int share : shares) {
          AdoptionRun.Result result = run.run(policy, chat, share);
          results.add(result);
          console.linef(
              "%-14s %-14s %9d %% %22.2f %%",
              result.policy(),
              result.api(),
              result.headerSharePercent(),
              100 * result.tokenHitRate());
        }
      }
    }
    json.write(results);
    return ExitCodes.OK;
  }
}
