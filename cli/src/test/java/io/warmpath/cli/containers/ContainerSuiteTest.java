package io.warmpath.cli.containers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.warmpath.cli.Run;
import io.warmpath.testkit.Await;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A cluster of the manifests' pods under load, while parts of it roll, end and die. Skipped where
 * no container engine runs.
 */
@Tag("containers")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class ContainerSuiteTest {

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Duration PERIOD = Duration.ofMillis(200);

  /** From the change of the file to its effect. */
  private static final Duration CONFIG_LIMIT = Duration.ofSeconds(2);

  private static final int SECONDS_AFTER = 4;

  private static final List<String> ROWS = new ArrayList<>();

  private static Path reports;
  private static Cluster cluster;
  private static LoadRun load;

  /** Something that is done to the cluster. */
  private interface Step {
    void run() throws IOException, InterruptedException;
  }

  @BeforeAll
  static void startCluster() throws IOException, InterruptedException {
    if (!ContainerEngine.runs()) {
      System.out.println("skipped: the container tests need a container engine (Docker)");
    }
    assumeTrue(ContainerEngine.runs(), "no container engine");
    long began = System.nanoTime();
    reports = Files.createDirectories(Path.of(System.getProperty("warmpath.reports")));
    ContainerEngine.load(Path.of(System.getProperty("warmpath.image")));
    cluster = Cluster.start(reports);
    report("ready after " + secondsSince(began) + " s");
    report(Cost.heading());
    load = LoadRun.start(cluster.serviceAddress(), Map.of());
  }

  @AfterAll
  static void stopCluster() throws IOException, InterruptedException {
    if (cluster != null) {
      load.close();
      cluster.stop();
      Files.write(reports.resolve("steps.txt"), ROWS);
      Files.write(reports.resolve("load.txt"), load.lines());
    }
  }

  private static void report(String line) {
    System.out.println(line);
    ROWS.add(line);
  }

  private static long secondsSince(long nanos) {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - nanos);
  }

  /** Runs a step under load, and checks that no request failed that had not begun to stream. */
  private static Cost during(String name, Step step) throws IOException, InterruptedException {
    int mark = load.mark();
    long began = System.nanoTime();
    try {
      step.run();
      load.awaitMoreSeconds(SECONDS_AFTER);
      Cost cost = load.since(mark);
      report(cost.row(name, secondsSince(began)));
      assertThat(cost.failed()).as("requests that failed before they streamed: %s", cost).isZero();
      assertThat(cost.completed()).isPositive();
      assertThat(cluster.complaints()).isEmpty();
      return cost;
    } catch (AssertionError failed) {
      System.out.println(name + ": " + load.since(mark));
      System.out.println(cluster.tails());
      throw failed;
    }
  }

  /** What a router says of the cluster. */
  private static String fleet(Pod router) {
    Run run = Run.of("fleet", "--router", Cluster.addressOf(router));
    return run.exitCode() == 0 ? run.out() : run.err();
  }

  private static void awaitWholeFleet() {
    for (Pod router : cluster.routers()) {
      Await.until(
          "four replicas at " + router.name(),
          LIMIT,
          PERIOD,
          () -> fleet(router).lines().filter(line -> line.contains(" ready ")).count() == 4);
    }
  }

  @Test
  @Order(1)
  void steady_bothRoutersKnowAllAndAllReplicasServe() throws Exception {
    awaitWholeFleet();
    Cost cost = during("steady", () -> load.awaitMoreSeconds(4));
    assertThat(cost.replicas()).hasSize(4);
    assertThat(cost.cut()).isZero();
    for (Pod router : cluster.routers()) {
      assertThat(fleet(router)).contains("2 in the cluster").doesNotContain("frozen");
    }
  }

  @Test
  @Order(2)
  void routersRoll_noRequestIsLostOrCut() throws Exception {
    awaitWholeFleet();
    Cost cost =
        during(
            "roll the routers",
            () -> {
              for (Pod old : cluster.routers()) {
                Map<String, Long> exitCodes = cluster.replaceRouter(old, old.name() + "-next");
                assertThat(exitCodes).as("it ended within its grace").containsEntry("router", 0L);
              }
            });
    assertThat(cost.cut()).isZero();
  }

  @Test
  @Order(3)
  void replicaEnds_drainsAndComesBack() throws Exception {
    awaitWholeFleet();
    Cost cost =
        during(
            "drain and stop a replica",
            () -> {
              Map<String, Long> exitCodes = cluster.endReplica(cluster.replicas().getFirst());
              assertThat(exitCodes).containsEntry("engine", 0L).containsEntry("agent", 0L);
            });
    assertThat(cost.cut()).isZero();
    during(
        "start it again",
        () -> {
          cluster.startReplica("replica-0");
          awaitWholeFleet();
        });
  }

  @Test
  @Order(4)
  void zooKeeperLeaderDies_anotherIsElectedAndNoRequestIsLost() throws Exception {
    awaitWholeFleet();
    Cost cost =
        during(
            "kill ZooKeeper's leader",
            () -> {
              Pod leader = leader();
              leader.kill("zookeeper");
              Await.until("another leader", LIMIT, PERIOD, () -> hasLeaderBut(leader));
              leader.startAgain("zookeeper");
              Await.until("it follows", LIMIT, PERIOD, () -> mode(leader).equals("follower"));
            });
    assertThat(cost.cut()).isZero();
    awaitConnected();
  }

  private static Pod leader() {
    return cluster.zooKeeper().stream()
        .filter(each -> mode(each).equals("leader"))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no ZooKeeper server leads"));
  }

  private static boolean hasLeaderBut(Pod dead) {
    return cluster.zooKeeper().stream()
        .anyMatch(each -> each != dead && mode(each).equals("leader"));
  }

  /** What a ZooKeeper server says it is; empty while it serves nobody. */
  private static String mode(Pod server) {
    try (Socket socket = new Socket(Pod.HOST, server.port("zookeeper", "client"))) {
      socket.setSoTimeout(2000);
      socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return answer
          .lines()
          .filter(line -> line.startsWith("Mode: "))
          .map(line -> line.substring("Mode: ".length()))
          .findFirst()
          .orElse("");
    } catch (IOException silent) {
      return "";
    }
  }

  private static void awaitConnected() {
    for (Pod router : cluster.routers()) {
      Await.until(
          router.name() + " is connected to ZooKeeper",
          LIMIT,
          PERIOD,
          () -> fleet(router).contains("2 in the cluster") && !fleet(router).contains("frozen"));
    }
    awaitWholeFleet();
  }

  @Test
  @Order(5)
  void routerCutFromZooKeeper_servesByItsFrozenViewAndCatchesUp() throws Exception {
    awaitConnected();
    Pod router = cluster.routers().getFirst();
    Cost cost =
        during(
            "cut a router from ZooKeeper",
            () -> {
              router.cutFromZooKeeper();
              Await.until("a frozen view", LIMIT, PERIOD, () -> fleet(router).contains("frozen"));
              Await.until(
                  "the other router counts one",
                  LIMIT,
                  PERIOD,
                  () -> fleet(cluster.routers().getLast()).contains("1 in the cluster"));
              Run run =
                  Run.of(
                      "generate",
                      "--router",
                      Cluster.addressOf(router),
                      "--prompt",
                      "Why?",
                      "--max-tokens",
                      "2");
              assertThat(run.exitCode()).as(run.err()).isZero();
              router.awaitReady();
            });
    assertThat(cost.cut()).isZero();
    during(
        "connect it again",
        () -> {
          router.reconnectToZooKeeper();
          awaitConnected();
        });
  }

  @Test
  @Order(6)
  void familiesChange_takesEffectWithinTwoSecondsInEveryRouter() throws Exception {
    awaitConnected();
    try (LoadRun family = LoadRun.start(cluster.serviceAddress(), Map.of("--families", "1"))) {
      assertThat(everyRouterHasASetOf(2)).isTrue();
      during(
          "families: two replicas to three",
          () -> {
            assertThat(family.since(0).replicas()).as("k = 2").hasSizeLessThanOrEqualTo(2);
            cluster.changeRouterConfig(
                Cluster.routerConfig().replace("replicaSet: 2", "replicaSet: 3"));
            Await.until("k = 3", CONFIG_LIMIT, PERIOD, () -> everyRouterHasASetOf(3));
            int changed = family.mark() + 1;
            family.awaitMoreAnswers(100);
            assertThat(family.since(changed).replicas()).as("k = 3").hasSizeLessThanOrEqualTo(3);
          });
      assertThat(family.since(0).failed()).isZero();
    } finally {
      cluster.changeRouterConfig(Cluster.routerConfig());
    }
  }

  private static boolean everyRouterHasASetOf(int replicas) {
    return cluster.routers().stream()
        .map(Cluster::addressOf)
        .map(router ->
            Run.of(
                "explain",
                "--router",
                router,
                "--prompt-cache-key",
                "family-0",
                "--prompt",
                "Why?"))
        .allMatch(run -> run.out().contains("its replica set has " + replicas));
  }

  @Test
  @Order(7)
  void engineDies_requestsGoElsewhereUntilItIsBack() throws Exception {
    awaitWholeFleet();
    Pod replica = cluster.replicas().getFirst();
    during(
        "kill an engine",
        () -> {
          replica.kill("engine");
          load.awaitMoreSeconds(SECONDS_AFTER);
          replica.startAgain("engine");
          replica.awaitReady();
          awaitWholeFleet();
        });
  }
}
