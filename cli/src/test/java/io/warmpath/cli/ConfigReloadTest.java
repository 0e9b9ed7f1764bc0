package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.warmpath.cli.local.LocalCluster;
import io.warmpath.cli.local.LocalClusterSettings;
import io.warmpath.config.ConfigException;
import io.warmpath.membership.ConfigNode;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.simulator.engine.EngineProfile;
import io.warmpath.testkit.Await;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.ConfigStatus;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.GetFleetRequest;
import io.warmpath.v1.InferenceServiceGrpc;
import io.warmpath.v1.RouteRequest;
import io.warmpath.v1.RoutingServiceGrpc;
import io.warmpath.v1.SamplingParams;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A router's config changes under load: its file as a mounted ConfigMap does, and its znode. */
final class ConfigReloadTest {

  private static final EngineProfile FAST = EngineProfile.named("8b-h100").atSpeed(100);
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int CLIENTS = 12;
  private static final GenerateRequest REQUEST =
      GenerateRequest.newBuilder()
          .setModel("simulated")
          .setText("You are a careful assistant. ".repeat(300))
          .setAffinity(Affinity.newBuilder().setPromptCacheKey("agent-1"))
          .setSampling(SamplingParams.newBuilder().setMaxTokens(2))
          .build();

  @TempDir private Path directory;

  private LocalCluster cluster;
  private ManagedChannel channel;

  @BeforeEach
  void startCluster() throws IOException, InterruptedException {
    cluster = LocalCluster.start(LocalClusterSettings.of(4, FAST));
    cluster.awaitReady(Duration.ofSeconds(30));
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", cluster.router().grpcPort())
            .usePlaintext()
            .build();
  }

  @AfterEach
  void stopCluster() {
    channel.shutdownNow();
    cluster.close();
  }

  private static String families(int replicas) {
    return """
    reload: {period: 100ms}
    families:
      - name: agents
        match: {promptCacheKey: "agent-*"}
        replicaSet: %d
    """
        .formatted(replicas);
  }

  /** Puts a new version behind the link that the mounted file goes through, as a kubelet does. */
  private void mount(String version, String yaml) throws IOException {
    Path data = Files.createDirectory(directory.resolve(version));
    Files.writeString(data.resolve("router.yaml"), yaml);
    Path link = Files.createSymbolicLink(directory.resolve("..new"), data.getFileName());
    Files.move(
        link,
        directory.resolve("..data"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private Path mountedFile() throws IOException {
    return Files.createSymbolicLink(
        directory.resolve("router.yaml"), Path.of("..data", "router.yaml"));
  }

  private ConfigStatus status() {
    return RoutingServiceGrpc.newBlockingStub(channel)
        .getFleet(GetFleetRequest.getDefaultInstance())
        .getConfig();
  }

  private int setSize() {
    return RoutingServiceGrpc.newBlockingStub(channel)
        .explain(RouteRequest.newBuilder().setRequest(REQUEST).build())
        .getDecision()
        .getReplicaSetSize();
  }

  @Test
  void changedFamilies_takeEffectWithinTwoSecondsAndLoseNoRequest()
      throws IOException, ConfigException, CommandFailure, InterruptedException {
    mount("..v1", families(1));
    ConfigWatch watch = ConfigWatch.read(mountedFile());
    assertThat(cluster.router().reload(watch.config())).contains("zookeeper");
    watch.follow(cluster.router());
    try (Load load = new Load()) {
      Await.until("fifty answers", LIMIT, () -> load.served.get() > 50);
      assertThat(load.replicas).as("replicas that serve the family, k = 1").hasSize(1);

      mount("..v2", families(3));
      long start = System.nanoTime();
      Await.until("a set of three", LIMIT, () -> setSize() == 3);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
      Await.until("three replicas serve", LIMIT, () -> load.replicas.size() == 3);
      int before = load.served.get();
      Await.until("more answers", LIMIT, () -> load.served.get() > before + 200);
      assertThat(load.replicas).as("replicas that serve the family, k = 3").hasSize(3);

      mount("..v3", families(0));
      Await.until("the refusal", LIMIT, () -> !status().getRefusal().isEmpty());
      assertThat(status().getRefusal()).contains("router.yaml:5: families[0].replicaSet is \"0\"");
      assertThat(status().getRefused()).isEqualTo(1);
      assertThat(setSize()).isEqualTo(3);

      mount("..v4", families(2));
      Await.until("a set of two", LIMIT, () -> setSize() == 2);
      assertThat(status().getRefusal()).isEmpty();
      assertThat(status().getGeneration()).isEqualTo(4);
      assertThat(load.failures).isEmpty();
    }
  }

  @Test
  void settingsInZooKeeper_lieOverTheFileOfEveryRouter()
      throws IOException, ConfigException, CommandFailure, InterruptedException {
    String file =
        write(
            "zookeeper: {connect: '%s'}\n".formatted(cluster.zooKeeperAddress())
                + "reload: {period: 100ms, zookeeper: true}\n"
                + "families: [{name: of-the-file, match: {promptCacheKey: 'agent-*'},"
                + " replicaSet: 1}]\n");
    String three = overlay("three.yaml", 3);
    try (ConfigWatch watch = ConfigWatch.read(Path.of(file));
        Load load = new Load()) {
      cluster.router().reload(watch.config());
      watch.follow(cluster.router());
      assertThat(setSize()).as("of the file").isEqualTo(1);

      assertThat(publish(file, three).exitCode()).isZero();
      Await.until("a set of three", LIMIT, () -> setSize() == 3);

      Run refused = publish(file, overlay("none.yaml", 0));
      assertThat(refused.exitCode()).isEqualTo(ExitCodes.BAD_INPUT);
      assertThat(refused.err()).contains("none.yaml:2: families[0].replicaSet is \"0\"");
      Run elsewhere = publish(file, write("reload.yaml", "reload: {watch: false}\n"));
      assertThat(elsewhere.err()).contains("reload can be given in the file only");

      try (ConfigNode node = node()) {
        node.write("families: [{nam: x}]".getBytes(StandardCharsets.UTF_8));
      }
      Await.until("the refusal", LIMIT, () -> !status().getRefusal().isEmpty());
      assertThat(status().getRefusal())
          .contains("zookeeper:/warmpath/config:1: families[0].nam is not a setting");
      assertThat(setSize()).isEqualTo(3);

      assertThat(Run.of("config", "publish", "--config", file, "--remove").exitCode()).isZero();
      Await.until("the file's set", LIMIT, () -> setSize() == 1);
      assertThat(status().getRefusal()).isEmpty();
      assertThat(load.failures).isEmpty();
    }
  }

  @Test
  void startUnderWhatIsInZooKeeper_takesItOrSaysWhyNot()
      throws IOException, ConfigException, CommandFailure, InterruptedException {
    String file =
        write(
            "zookeeper: {connect: '%s'}\nreload: {watch: false, zookeeper: true}\n"
                .formatted(cluster.zooKeeperAddress()));
    publish(file, overlay("two.yaml", 2));
    try (ConfigWatch watch = ConfigWatch.read(Path.of(file))) {
      assertThat(watch.config().families()).hasSize(1);
    }
    try (ConfigNode node = node()) {
      node.write(new byte[] {(byte) 0xff});
    }
    try (ConfigWatch watch = ConfigWatch.read(Path.of(file))) {
      assertThat(watch.config().families()).isEmpty();
      watch.follow(cluster.router());
      assertThat(status().getRefusal()).isEqualTo("zookeeper:/warmpath/config: is not UTF-8 text");
    }
  }

  private ConfigNode node() {
    return ConfigNode.connect(ZooKeeperSettings.of(cluster.zooKeeperAddress()));
  }

  private static Run publish(String file, String overlay) {
    return Run.of("config", "publish", "--config", file, overlay);
  }

  private String write(String yaml) throws IOException {
    return write("router.yaml", yaml);
  }

  private String write(String name, String yaml) throws IOException {
    return Files.writeString(directory.resolve(name), yaml).toString();
  }

  private String overlay(String name, int replicas) throws IOException {
    return write(
        name,
        "families:\n  - {name: agents, match: {promptCacheKey: 'agent-*'}, replicaSet: %d}\n"
            .formatted(replicas));
  }

  /** Clients that send the same request over and over. */
  private final class Load implements AutoCloseable {

    private final AtomicInteger served = new AtomicInteger();
    private final Set<String> replicas = new ConcurrentSkipListSet<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final List<Thread> clients = new ArrayList<>();

    Load() {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(Thread.ofVirtual().start(this::sendUntilStopped));
      }
    }

    private void sendUntilStopped() {
      InferenceServiceGrpc.InferenceServiceBlockingStub stub =
          InferenceServiceGrpc.newBlockingStub(channel);
      while (!stop.get()) {
        try {
          stub.generate(REQUEST).forEachRemaining(this::note);
          served.incrementAndGet();
        } catch (StatusRuntimeException failed) {
          failures.add(failed.getStatus().toString());
        }
      }
    }

    private void note(GenerateResponse response) {
      if (response.hasPlacement()) {
        replicas.add(response.getPlacement().getReplicaId());
      }
    }

    @Override
    public void close() {
      stop.set(true);
      try {
        for (Thread client : clients) {
          client.join();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
