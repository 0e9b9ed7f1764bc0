package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.settings.RouterSettings;
import io.warmpath.config.ConfigException;
import io.warmpath.router.FamilyRule;
import io.warmpath.router.RuleLookup;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.PromptPrefix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code warmpath config explain}. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Says which rule of a router's config a request falls under, its family and its set.")
final class ConfigExplainCommand implements Callable<Integer> {

  @Parameters(index = "0", paramLabel = "FILE", description = "The router's config file.")
  private @Var Path file = Path.of("");

  @Parameters(
      index = "1",
      paramLabel = "REQUEST.json",
      description = "The request's body, as for /v1/chat/completions or /v1/completions.")
  private @Var Path request = Path.of("");

  @Option(names = "--tenant", paramLabel = "NAME", description = "Who asks.")
  private @Var String tenant = "";

  @Option(
      names = "--replica",
      paramLabel = "ID[,LABEL=VALUE...]",
      description = "A replica that is there; repeat it to see which would be in the set.")
  private @Var List<String> replicas = List.of();

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws ConfigException, CommandFailure, IOException {
    RuleLookup lookup =
        ConfigFiles.read(file, RouterSettings.class, settings -> new RuleLookup(settings.config()));
    byte[] body = Files.readAllBytes(request);
    RuleLookup.Found found;
    try {
      found = lookup.find(body, tenant);
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(request + ": " + refused.getMessage());
    }
    Console console = Console.of(spec);
    print(console, found);
    if (!replicas.isEmpty()) {
      console.linef("replicas  %s", String.join(", ", lookup.replicaSet(found, parsedReplicas())));
    }
    return ExitCodes.OK;
  }

  private static void print(Console console, RuleLookup.Found found) {
    PromptPrefix prompt = found.prompt();
    FamilyRule rule = found.rule();
    console.linef("rule      %s", rule == null ? "none" : rule.name());
    console.linef(
        "family    %s",
        prompt.family() == 0 ? "none, the prompt is too short" : Long.toHexString(prompt.family()));
    console.linef("prompt    %,d tokens, %d full steps", prompt.promptTokens(), prompt.stepCount());
    PlacementConfig model = found.model().placement();
    PlacementConfig.PinnedFamily settings = prompt.settings();
    PlacementConfig.Mode mode =
        settings == null || settings.mode() == null ? model.mode() : settings.mode();
    console.linef("mode      %s", mode.name().toLowerCase(Locale.ROOT));
    int size = settings == null ? model.families().replicaSet() : settings.replicaSet();
    console.linef("set       %s", set(size, settings));
    console.linef(
        "caps      %.0f %% of a replica's work, %s",
        100 * (settings == null ? model.families().trafficCap() : settings.trafficCap()),
        rate(settings == null ? model.families().rateCapPerMinute() : settings.rateCapPerMinute()));
  }

  private static String set(int size, PlacementConfig.@Nullable PinnedFamily settings) {
    StringBuilder text = new StringBuilder();
    text.append(size == 0 ? "as many replicas as its traffic needs" : size + " replicas");
    if (settings != null && !settings.replicas().isEmpty()) {
      text.append(" of ").append(String.join(", ", settings.replicas()));
    }
    PlacementConfig.Confinement confinement = settings == null ? null : settings.confinement();
    if (confinement == null) {
      return text.append("; others when these are busy").toString();
    }
    if (!confinement.labels().isEmpty()) {
      text.append(" with ").append(confinement.labels());
    }
    return text.append("; no others").toString();
  }

  private static String rate(double perMinute) {
    return perMinute == 0
        ? "no rate cap"
        : String.format(Locale.ROOT, "%.0f requests a minute on one replica", perMinute);
  }

  private List<RuleLookup.Replica> parsedReplicas() throws CommandFailure {
    List<RuleLookup.Replica> parsed = new ArrayList<>();
    for (String text : replicas) {
      String[] parts = text.split(",", -1);
      Map<String, String> labels = new LinkedHashMap<>();
      for (@Var int i = 1; i < parts.length; i++) {
        int equals = parts[i].indexOf('=');
        if (equals < 1) {
          throw CommandFailure.badInput(
              "--replica is '" + text + "'; it must be ID or ID,LABEL=VALUE,...");
        }
        labels.put(parts[i].substring(0, equals), parts[i].substring(equals + 1));
      }
      if (parts[0].isEmpty()) {
        throw CommandFailure.badInput("--replica is '" + text + "'; the id is missing");
      }
      parsed.add(new RuleLookup.Replica(parts[0], labels));
    }
    return parsed;
  }
}
