package io.warmpath.cli.settings;

import io.warmpath.agent.AgentConfig;
import io.warmpath.config.HostPort;
import io.warmpath.config.Setting;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.replica.ReplicaQueue;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The config file of an agent. */
public record AgentSettings(
    @Setting(
            doc = "The engines it stands in front of, each a replica of its own.",
            min = "1",
            max = "64")
        List<EngineEntry> engines,
    @Setting(doc = "Where routers reach it.", defaultValue = "0.0.0.0:7071") HostPort listen,
    @Setting(doc = "What routers are told to call; this host's name and the port when absent.")
        @Nullable HostPort advertise,
    @Setting(
            doc = "Where routers relay HTTP exchanges of OpenAI clients to.",
            defaultValue = "0.0.0.0:7073")
        HostPort relay,
    @Setting(
            doc =
                "What routers are told to relay to; the host of `advertise` and the port of `relay`"
                    + " when absent.")
        @Nullable HostPort advertiseRelay,
    @Setting(doc = "Where metrics, health and readiness are served.", defaultValue = "0.0.0.0:7072")
        HostPort admin,
    @Setting(doc = "Where it announces its replicas.") ZooKeeperSection zookeeper,
    @Setting(doc = "Each replica's queue.") Queue queue,
    @Setting(doc = "How it speaks to engines.") Engine engine,
    @Setting(doc = "How it reports.") Report report,
    @Setting(
            doc =
                "Free labels of all its replicas, such as zone or GPU type; `relay` is the agent's"
                    + " own.",
            max = "15")
        Map<String, String> labels,
    @Setting(
            doc = "Longest time that a drain waits for running requests.",
            defaultValue = "30s",
            min = "0s",
            max = "1h")
        Duration drainTimeout,
    @Setting(
            doc = "Longest request message.",
            defaultValue = "16MiB",
            min = "64KiB",
            max = "1GiB",
            unit = "bytes")
        long maxMessageBytes,
    @Setting(
            doc = "Event loops; the engines are spread over them.",
            defaultValue = "1",
            min = "1",
            max = "64")
        int ioThreads,
    @Setting(
            doc =
                "TLS of `listen` and `relay`, when present; routers then need `upstream.tls`. The"
                    + " `admin` port stays plain.")
        @Nullable TlsSection tls) {

  /** Returns the config that an agent is started with. */
  public AgentConfig config() {
    return new AgentConfig(
        engines.stream().map(EngineEntry::config).toList(),
        new AgentConfig.Endpoint(listen.host(), listen.port()),
        advertise == null ? null : advertise.toString(),
        new AgentConfig.Endpoint(relay.host(), relay.port()),
        advertiseRelay == null ? null : advertiseRelay.toString(),
        new AgentConfig.Endpoint(admin.host(), admin.port()),
        zookeeper.settings(),
        queue.config(),
        engine.config(),
        report.config(),
        labels,
        drainTimeout,
        Math.toIntExact(maxMessageBytes),
        ioThreads,
        tls == null ? null : tls.settings());
  }

  /** One engine. */
  record EngineEntry(
      @Setting(doc = "Where the engine listens, `http://host:port`.") URI url,
      @Setting(
              doc =
                  "The replica's id, unique in the cluster, of letters, digits, `.`, `_` and `-`;"
                      + " `host-port` of the URL when absent.",
              min = "1",
              max = "128")
          @Nullable String replicaId,
      @Setting(
              doc = "Capacity relative to other replicas.",
              defaultValue = "1",
              min = "0.001",
              max = "1000")
          double weight,
      @Setting(
              doc =
                  "Where the engine publishes its cache events over ZeroMQ, `tcp://host:port`; the"
                      + " eviction mark is exact then. Absent: the mark is estimated.",
              min = "1",
              max = "207")
          @Nullable String kvEvents,
      @Setting(
              doc =
                  "Where the engine replays cache events, `tcp://host:port`; without it every gap"
                      + " begins anew.",
              min = "1",
              max = "207")
          @Nullable String kvReplay) {

    EngineEntry {
      make(url, replicaId, weight, kvEvents, kvReplay);
    }

    AgentConfig.Engine config() {
      return make(url, replicaId, weight, kvEvents, kvReplay);
    }

    private static AgentConfig.Engine make(
        URI url,
        @Nullable String replicaId,
        double weight,
        @Nullable String kvEvents,
        @Nullable String kvReplay) {
      AgentConfig.Engine engine = AgentConfig.Engine.of(url.toString());
      return new AgentConfig.Engine(
          engine.url(),
          replicaId == null ? engine.replicaId() : replicaId,
          weight,
          kvEvents,
          kvReplay);
    }
  }

  /** Each replica's queue. */
  record Queue(
      @Setting(
              doc = "Most requests that wait in the agent; more are refused.",
              defaultValue = "1024",
              min = "1",
              max = "1000000")
          int size,
      @Setting(
              doc = "The order in which they go to the engine, within a client's priority class.",
              defaultValue = "virtual-deadline")
          ReplicaQueue.Order order,
      @Setting(
              doc = "Virtual deadline = arrival + factor × own expected prefill time.",
              defaultValue = "8",
              min = "0",
              max = "1000")
          double deadlineFactor,
      @Setting(
              doc = "Prefill work that the engine is kept at; the rest waits here, in order.",
              defaultValue = "500ms",
              min = "0s",
              max = "1h")
          Duration engineWork,
      @Setting(
              doc = "Most requests in prefill at the engine.",
              defaultValue = "64",
              min = "1",
              max = "100000")
          int enginePrefills,
      @Setting(
              doc = "Pending work at which the replica counts as saturated.",
              defaultValue = "1m",
              min = "1ms",
              max = "1h")
          Duration maxPendingWork) {

    AgentConfig.Queue config() {
      return new AgentConfig.Queue(
          size, order, deadlineFactor, engineWork, enginePrefills, maxPendingWork);
    }
  }

  /** How the agent speaks to engines. */
  record Engine(
      @Setting(
              doc = "Most requests at an engine, in prefill or decoding.",
              defaultValue = "1024",
              min = "1",
              max = "100000")
          int maxRequests,
      @Setting(
              doc = "Longest time to make a connection.",
              defaultValue = "2s",
              min = "1ms",
              max = "1m")
          Duration connectTimeout,
      @Setting(
              doc = "Longest silence within an answer.",
              defaultValue = "5m",
              min = "1ms",
              max = "1h")
          Duration idleTimeout,
      @Setting(
              doc = "Time between two looks at the engine's metrics.",
              defaultValue = "1s",
              min = "1ms",
              max = "1m")
          Duration scrapePeriod,
      @Setting(doc = "Longest time for one of them.", defaultValue = "2s", min = "1ms", max = "1m")
          Duration scrapeTimeout,
      @Setting(
              doc = "How fast the engine computes prompts, until it was measured.",
              defaultValue = "20000",
              min = "1",
              max = "1000000000",
              unit = "tokens a second")
          double prefillTokensPerSecond,
      @Setting(
              doc = "Constant cost of a prefill, until it was measured.",
              defaultValue = "10ms",
              min = "0s",
              max = "1m")
          Duration prefillOverhead,
      @Setting(
              doc = "Tokens of one prefix step; the same in the routers.",
              defaultValue = "128",
              min = "1",
              max = "65536",
              unit = "tokens")
          int stepTokens,
      @Setting(
              doc =
                  "Whether the engine schedules by priority; others refuse requests that have one.",
              defaultValue = "false")
          boolean priorityScheduling) {

    AgentConfig.EngineSettings config() {
      return new AgentConfig.EngineSettings(
          maxRequests,
          connectTimeout,
          idleTimeout,
          scrapePeriod,
          scrapeTimeout,
          new PrefillSpeed(prefillTokensPerSecond, prefillOverhead.toNanos() / 1e9),
          stepTokens,
          priorityScheduling);
    }
  }

  /** How a replica reports. */
  record Report(
      @Setting(
              doc =
                  "Time between two reports of a busy replica, in a small fleet: requests wait, or"
                      + " 50 ms of work are pending, or its saturation is 0.5 or more, or 16"
                      + " requests ended since the last report.",
              defaultValue = "250ms",
              min = "1ms",
              max = "10s")
          Duration period,
      @Setting(
              doc = "The same of another replica; at least `period`.",
              defaultValue = "1s",
              min = "1ms",
              max = "10s")
          Duration idlePeriod,
      @Setting(
              doc = "Shortest time between two reports, whatever happens; at most `period`.",
              defaultValue = "50ms",
              min = "1ms",
              max = "10s")
          Duration minSpacing,
      @Setting(
              doc =
                  "Reports that all replicas together may make; a replica slows down in a fleet"
                      + " that would make more.",
              defaultValue = "1000",
              min = "1",
              max = "1000000",
              unit = "reports a second")
          int fleetReportsPerSecond) {

    Report {
      new AgentConfig.Report(period, idlePeriod, minSpacing, fleetReportsPerSecond);
    }

    AgentConfig.Report config() {
      return new AgentConfig.Report(period, idlePeriod, minSpacing, fleetReportsPerSecond);
    }
  }
}
