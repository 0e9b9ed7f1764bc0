package io.warmpath.agent;

import com.google.errorprone.annotations.Var;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.relay.tls.TlsSettings;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.replica.ReplicaQueue;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an agent is told at its start. A refused value is named with the values that are allowed.
 *
 * @param engines the engines it stands in front of, 1 to 64, each a replica of its own
 * @param listen where routers reach it; port 0 takes any free one
 * @param advertise {@code host:port} that routers are told, or null for this host and the port
 * @param relay where routers relay HTTP exchanges to; port 0 takes any free one
 * @param advertiseRelay {@code host:port} of it that routers are told, or null for the advertised
 *     host and the port
 * @param admin where metrics, health and readiness are served
 * @param zookeeper how to reach ZooKeeper
 * @param queue each replica's queue
 * @param engine how it speaks to engines
 * @param report how it reports
 * @param labels free labels of all its replicas, at most 15; {@code relay} is the agent's own
 * @param drainTimeout longest time that a drain waits for running requests
 * @param maxMessageBytes longest request, bytes
 * @param ioThreads event loops; the engines are spread over them
 * @param tls TLS of both ports that routers use, or null for none
 */
public record AgentConfig(
    @Var List<Engine> engines,
    Endpoint listen,
    @Nullable String advertise,
    Endpoint relay,
    @Nullable String advertiseRelay,
    Endpoint admin,
    ZooKeeperSettings zookeeper,
    Queue queue,
    EngineSettings engine,
    Report report,
    @Var Map<String, String> labels,
    Duration drainTimeout,
    int maxMessageBytes,
    int ioThreads,
    @Nullable TlsSettings tls) {

  private static final int MAX_ENGINES = 64;
  private static final int MAX_LABELS = 15;
  private static final Pattern REPLICA_ID = Pattern.compile("[A-Za-z0-9._-]{1,128}");

  public AgentConfig {
    engines = List.copyOf(engines);
    labels = Map.copyOf(labels);
    if (engines.isEmpty() || engines.size() > MAX_ENGINES) {
      throw refused("engines", engines.size() + " entries", "1 to " + MAX_ENGINES + " entries");
    }
    Set<String> ids = new HashSet<>();
    for (Engine one : engines) {
      if (!ids.add(one.replicaId())) {
        throw refused("engines.replicaId", "'" + one.replicaId() + "' twice", "different ids");
      }
    }
    if (labels.size() > MAX_LABELS) {
      throw refused("labels", labels.size() + " entries", "at most " + MAX_LABELS + " entries");
    }
    if (labels.containsKey(RelayProtocol.ADDRESS_LABEL)) {
      throw refused(
          "labels", "'" + RelayProtocol.ADDRESS_LABEL + "'", "other names: it is the agent's own");
    }
    checkAddress("advertise", advertise);
    checkAddress("advertiseRelay", advertiseRelay);
    checkDuration("drainTimeout", drainTimeout, Duration.ZERO, Duration.ofHours(1));
    check("maxMessageBytes", maxMessageBytes, 1 << 16, 1 << 30);
    check("ioThreads", ioThreads, 1, 64);
  }

  private static void checkAddress(String field, @Nullable String address) {
    if (address != null && !address.matches("\\S+:\\d{1,5}")) {
      throw refused(field, "'" + address + "'", "host:port");
    }
  }

  /** The defaults for these engines: ports 7071, relay 7073 and admin 7072, one event loop. */
  public static AgentConfig of(List<Engine> engines, ZooKeeperSettings zookeeper) {
    return new AgentConfig(
        engines,
        new Endpoint("0.0.0.0", 7071),
        null,
        new Endpoint("0.0.0.0", 7073),
        null,
        new Endpoint("0.0.0.0", 7072),
        zookeeper,
        Queue.DEFAULT,
        EngineSettings.DEFAULT,
        Report.DEFAULT,
        Map.of(),
        Duration.ofSeconds(30),
        16 << 20,
        1,
        null);
  }

  /** Returns a copy that listens elsewhere. */
  public AgentConfig withEndpoints(Endpoint listenOn, Endpoint relayOn, Endpoint adminOn) {
    return new AgentConfig(
        engines,
        listenOn,
        advertise,
        relayOn,
        advertiseRelay,
        adminOn,
        zookeeper,
        queue,
        engine,
        report,
        labels,
        drainTimeout,
        maxMessageBytes,
        ioThreads,
        tls);
  }

  /** Returns a copy with TLS on both ports that routers use. */
  public AgentConfig withTls(TlsSettings newTls) {
    return new AgentConfig(
        engines,
        listen,
        advertise,
        relay,
        advertiseRelay,
        admin,
        zookeeper,
        queue,
        engine,
        report,
        labels,
        drainTimeout,
        maxMessageBytes,
        ioThreads,
        newTls);
  }

  /** Returns a copy with other queues and other ways with engines. */
  public AgentConfig with(Queue otherQueue, EngineSettings otherEngine) {
    return new AgentConfig(
        engines,
        listen,
        advertise,
        relay,
        advertiseRelay,
        admin,
        zookeeper,
        otherQueue,
        otherEngine,
        report,
        labels,
        drainTimeout,
        maxMessageBytes,
        ioThreads,
        tls);
  }

  /**
   * One engine.
   *
   * @param url {@code http://host:port}
   * @param replicaId its replica's id, unique in the cluster, of {@code [A-Za-z0-9._-]}
   * @param weight capacity relative to other replicas, above 0
   * @param kvEvents where it publishes its cache events, {@code tcp://host:port}, or null
   * @param kvReplay where it replays them, or null
   */
  public record Engine(
      String url,
      String replicaId,
      double weight,
      @Nullable String kvEvents,
      @Nullable String kvReplay) {

    public Engine {
      URI uri = parse(url);
      if (!REPLICA_ID.matcher(replicaId).matches()) {
        throw refused(
            "engines.replicaId", "'" + replicaId + "'", "1 to 128 characters of A-Za-z0-9._-");
      }
      if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
        throw refused("engines.weight", weight, "a number above 0");
      }
      if (uri.getHost() == null) {
        throw refused("engines.url", "'" + url + "'", "http://host:port");
      }
      checkEndpoint("engines.kvEvents", kvEvents);
      checkEndpoint("engines.kvReplay", kvReplay);
    }

    /** An engine whose cache events are not followed. */
    public Engine(String url, String replicaId, double weight) {
      this(url, replicaId, weight, null, null);
    }

    /** Returns the same engine with cache events. */
    public Engine withKvEvents(String events, @Nullable String replay) {
      return new Engine(url, replicaId, weight, events, replay);
    }

    /** The engine at {@code url}, with {@code host-port} as its replica's id and weight 1. */
    public static Engine of(String url) {
      URI uri = parse(url);
      String host = uri.getHost() == null ? "" : uri.getHost();
      return new Engine(url, host.replaceAll("[^A-Za-z0-9._-]", "_") + "-" + portOf(uri), 1);
    }

    String host() {
      return URI.create(url).getHost();
    }

    int port() {
      return portOf(URI.create(url));
    }

    private static void checkEndpoint(String field, @Nullable String endpoint) {
      if (endpoint != null && !endpoint.matches("(tcp|ipc)://\\S{1,200}")) {
        throw refused(field, "'" + endpoint + "'", "tcp://host:port");
      }
    }

    private static int portOf(URI uri) {
      return uri.getPort() < 0 ? 80 : uri.getPort();
    }

    private static URI parse(String url) {
      try {
        URI uri = URI.create(url);
        if ("http".equals(uri.getScheme()) && uri.getHost() != null && uri.getPath().length() < 2) {
          return uri;
        }
      } catch (IllegalArgumentException notUrl) {
        // Said below.
      }
      throw refused("engines.url", "'" + url + "'", "http://host:port");
    }
  }

  /**
   * An address to listen on.
   *
   * @param host name or address of an interface
   * @param port 0 to 65535, 0 for any free one
   */
  public record Endpoint(String host, int port) {

    public Endpoint {
      check("port", port, 0, 65_535);
    }

    /** Any free port of the loopback interface. */
    public static Endpoint loopback() {
      return new Endpoint("127.0.0.1", 0);
    }

    /** Reads {@code host:port}. */
    public static Endpoint parse(String text) {
      int colon = text.lastIndexOf(':');
      String port = text.substring(colon + 1);
      if (colon < 1 || !port.matches("\\d{1,5}")) {
        throw refused("address", "'" + text + "'", "host:port");
      }
      return new Endpoint(text.substring(0, colon), Integer.parseInt(port));
    }
  }

  /**
   * A replica's queue.
   *
   * @param size most requests that wait in the agent
   * @param order the order in which they go to the engine, within a client's priority class
   * @param deadlineFactor virtual deadline = arrival + factor × own expected prefill time
   * @param engineWork the engine is kept at about this much prefill work; the rest waits here,
   *     where it can be ordered
   * @param enginePrefills most requests in prefill at the engine
   * @param maxPendingWork pending work at which the replica counts as saturated
   */
  public record Queue(
      int size,
      ReplicaQueue.Order order,
      double deadlineFactor,
      Duration engineWork,
      int enginePrefills,
      Duration maxPendingWork) {

    /** 1,024 requests by virtual deadline, half a second of work at the engine. */
    public static final Queue DEFAULT =
        new Queue(
            1024,
            ReplicaQueue.Order.VIRTUAL_DEADLINE,
            8,
            Duration.ofMillis(500),
            64,
            Duration.ofSeconds(60));

    public Queue {
      check("queue.size", size, 1, 1_000_000);
      check("queue.enginePrefills", enginePrefills, 1, 100_000);
      if (!(deadlineFactor >= 0 && deadlineFactor <= 1000)) {
        throw refused("queue.deadlineFactor", deadlineFactor, "0 to 1000");
      }
      checkDuration("queue.engineWork", engineWork, Duration.ZERO, Duration.ofHours(1));
      checkDuration(
          "queue.maxPendingWork", maxPendingWork, Duration.ofMillis(1), Duration.ofHours(1));
    }
  }

  /**
   * How the agent speaks to engines.
   *
   * @param maxRequests most requests at an engine, in prefill or decoding
   * @param connectTimeout longest time to make a connection
   * @param idleTimeout longest silence within an answer
   * @param scrapePeriod time between two looks at the engine's metrics
   * @param scrapeTimeout longest time for one of them
   * @param initialPrefill how fast the engine computes prompts, until it was measured
   * @param stepTokens tokens a prefix step, the same as in the routers
   * @param priorityScheduling whether the engine schedules by the requests' priority; others refuse
   *     requests that have one
   */
  public record EngineSettings(
      int maxRequests,
      Duration connectTimeout,
      Duration idleTimeout,
      Duration scrapePeriod,
      Duration scrapeTimeout,
      PrefillSpeed initialPrefill,
      int stepTokens,
      boolean priorityScheduling) {

    /** 1,024 requests, a look each second, 20,000 tokens a second until measured. */
    public static final EngineSettings DEFAULT =
        new EngineSettings(
            1024,
            Duration.ofSeconds(2),
            Duration.ofMinutes(5),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            new PrefillSpeed(20_000, 0.01),
            128,
            false);

    public EngineSettings {
      check("engine.maxRequests", maxRequests, 1, 100_000);
      check("engine.stepTokens", stepTokens, 1, 65_536);
      Duration aMilli = Duration.ofMillis(1);
      checkDuration("engine.connectTimeout", connectTimeout, aMilli, Duration.ofMinutes(1));
      checkDuration("engine.idleTimeout", idleTimeout, aMilli, Duration.ofHours(1));
      checkDuration("engine.scrapePeriod", scrapePeriod, aMilli, Duration.ofMinutes(1));
      checkDuration("engine.scrapeTimeout", scrapeTimeout, aMilli, Duration.ofMinutes(1));
    }

    /** Returns a copy that looks at the engine's metrics at another pace. */
    public EngineSettings withScrapes(Duration period, Duration timeout) {
      return new EngineSettings(
          maxRequests,
          connectTimeout,
          idleTimeout,
          period,
          timeout,
          initialPrefill,
          stepTokens,
          priorityScheduling);
    }
  }

  /**
   * How a replica reports.
   *
   * @param period time between two reports of a busy replica, in a small fleet: requests wait, or
   *     50 ms of work are pending, or its saturation is 0.5 or more, or 16 requests ended since the
   *     last report
   * @param idlePeriod the same of another replica
   * @param minSpacing shortest time between two reports, whatever happens
   * @param fleetReportsPerSecond reports that all replicas together may make; a replica slows down
   *     in a fleet that would make more
   */
  public record Report(
      Duration period, Duration idlePeriod, Duration minSpacing, int fleetReportsPerSecond) {

    /** Four reports a second, at least one, at most twenty; 1,000 for the fleet. */
    public static final Report DEFAULT =
        new Report(Duration.ofMillis(250), Duration.ofSeconds(1), Duration.ofMillis(50), 1000);

    public Report {
      Duration most = Duration.ofSeconds(10);
      checkDuration("report.minSpacing", minSpacing, Duration.ofMillis(1), most);
      checkDuration("report.period", period, minSpacing, most);
      checkDuration("report.idlePeriod", idlePeriod, period, most);
      check("report.fleetReportsPerSecond", fleetReportsPerSecond, 1, 1_000_000);
    }
  }

  private static void check(String field, int value, int low, int high) {
    if (value < low || value > high) {
      throw refused(field, value, "%d to %d".formatted(low, high));
    }
  }

  private static void checkDuration(String field, Duration value, Duration low, Duration high) {
    if (value.compareTo(low) < 0 || value.compareTo(high) > 0) {
      throw refused(field, value, low + " to " + high);
    }
  }

  private static IllegalArgumentException refused(String field, Object value, String allowed) {
    return new IllegalArgumentException(field + " is " + value + "; allowed are " + allowed);
  }
}
