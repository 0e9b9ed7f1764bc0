package io.warmpath.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import io.warmpath.testkit.Await;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
final class EnsembleTest {

  @TempDir private Path dataDir;

  /* Whichever of the three leads, its turn comes. */
  @Test
  void eachServerStoppedInTurn_reportsGoOnAndTheReplicaStays() throws Exception {
    Ensemble ensemble = Ensemble.start(dataDir);
    ZooKeeperSettings settings =
        ZooKeeperSettings.of(ensemble.connectString()).withTimeouts(8_000, 20_000);
    Views views = new Views();
    try (MembershipClient router = MembershipClient.connect(settings);
        MembershipClient agent = MembershipClient.connect(settings);
        Directory directory = Directory.open(router, Ticker.system(), "router-0", views);
        Announcer<ReplicaReport> announcer = Announcer.forReplica(agent)) {
      announcer.announce(Reports.ready("a", 1, 1));
      views.awaitIds("a");
      for (int server = 0; server < 3; server++) {
        int sequence = server + 2;
        ensemble.stop(server);

        announcer.announce(Reports.ready("a", 1, sequence));

        views.await("report " + sequence, v -> Views.report(v, "a").sequence() == sequence);
        ensemble.start(server);
      }
      Await.until("live view", Views.LIMIT, directory::connected);
      assertThat(agent.sessionsLost()).isZero();
      assertThat(views.all.stream().dropWhile(v -> v.replicas().isEmpty()))
          .allMatch(v -> v.replicas().size() == 1);
    } finally {
      ensemble.close();
    }
  }
}
