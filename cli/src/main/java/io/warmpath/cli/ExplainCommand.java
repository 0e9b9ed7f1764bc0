package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.v1.Candidate;
import io.warmpath.v1.Decision;
import io.warmpath.v1.RouteRequest;
import io.warmpath.v1.RoutingSort;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code warmpath explain}. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Shows where a router would send a prompt now, and what each candidate costs.")
final class ExplainCommand implements Callable<Integer> {

  @Mixin private final PromptOptions prompt = new PromptOptions();

  @Mixin private final RouterAddress router = new RouterAddress();

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure, IOException {
    try (RouterClient client = router.connect()) {
      RouteRequest request = RouteRequest.newBuilder().setRequest(prompt.request(client)).build();
      print(Console.of(spec), client.routing().explain(request).getDecision());
    }
    return ExitCodes.OK;
  }

  private static String sortedBy(Decision decision) {
    return decision.getSort() == RoutingSort.ROUTING_SORT_UNSPECIFIED
        ? ""
        : " (by " + Words.sort(decision.getSort()) + ")";
  }

  private static void print(Console console, Decision decision) {
    console.linef(
        "policy %s: %s",
        decision.getPolicy(),
        decision.getChosen().isEmpty()
            ? "refused, " + decision.getRefusal()
            : "to %s, %s%s"
                .formatted(
                    decision.getChosen(), Words.reason(decision.getReason()), sortedBy(decision)));
    console.linef(
        "prompt %,d tokens in %d full steps, family %s",
        decision.getPromptTokens(),
        decision.getSteps(),
        decision.getFamily() == 0 ? "none" : Long.toHexString(decision.getFamily()));
    console.linef(
        "family's share of requests %.1f %%, of work %.1f %%; its replica set has %d",
        100 * decision.getRequestShare(),
        100 * decision.getWorkShare(),
        decision.getReplicaSetSize());
    console.line("");
    console.linef(
        "%-24s %5s %10s %10s %10s %10s  %-24s %s",
        "replica",
        "rank",
        "matched",
        "pending s",
        "prefill s",
        "cost s",
        "candidate by",
        "refused");
    for (Candidate candidate : decision.getCandidatesList()) {
      console.linef(
          "%-24s %5s %,10d %10.3f %10.3f %10.3f  %-24s %s",
          candidate.getReplicaId(),
          candidate.getRank() < 0 ? "-" : String.valueOf(candidate.getRank()),
          candidate.getMatchedTokens(),
          candidate.getPendingWorkSeconds(),
          candidate.getPrefillSeconds(),
          candidate.getCostSeconds(),
          String.join(",", candidate.getSourcesList()),
          candidate.getRejected());
    }
  }
}
