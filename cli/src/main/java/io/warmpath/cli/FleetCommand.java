package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.v1.FleetReplica;
import io.warmpath.v1.GetFleetResponse;
import io.warmpath.v1.ReplicaRecord;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code warmpath fleet}. */
@Command(
    name = "fleet",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Shows the replicas as a router sees them.")
final class FleetCommand implements Callable<Integer> {

  @Mixin private final RouterAddress router = new RouterAddress();

  @Spec private @Var @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandFailure {
    try (RouterClient client = router.connect()) {
      print(Console.of(spec), client.fleet());
    }
    return ExitCodes.OK;
  }

  private static void print(Console console, GetFleetResponse fleet) {
    console.linef(
        "router %s, %d in the cluster, view %d%s",
        fleet.getRouterId(),
        fleet.getRouters(),
        fleet.getViewNumber(),
        fleet.getMembershipConnected() ? "" : ", ZooKeeper not connected: the view is frozen");
    console.linef(
        "%-24s %-9s %10s %8s %8s %8s %10s  %s",
        "replica", "state", "pending s", "running", "waiting", "KV used", "cached", "address");
    for (FleetReplica replica : fleet.getReplicasList()) {
      print(console, replica);
    }
  }

  private static void print(Console console, FleetReplica replica) {
    ReplicaRecord record = replica.getRecord();
    long tokens = record.getCachedTokensTotal() + record.getComputedTokensTotal();
    console.linef(
        "%-24s %-9s %10.3f %8d %8d %7.1f%% %9.1f%%  %s",
        record.getReplicaId(),
        state(replica),
        replica.getPendingWorkSeconds(),
        record.getRunningRequests(),
        record.getWaitingRequests(),
        share(record.getKvUsedTokens(), record.getKvCapacityTokens()),
        share(record.getCachedTokensTotal(), tokens),
        record.getAddress());
  }

  private static String state(FleetReplica replica) {
    if (replica.getEjected()) {
      return "ejected";
    }
    return replica.getStale() ? "stale" : Words.state(replica.getRecord().getState());
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : 100.0 * part / whole;
  }
}
