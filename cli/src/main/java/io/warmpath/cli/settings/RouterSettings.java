package io.warmpath.cli.settings;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.HostPort;
import io.warmpath.config.Secret;
import io.warmpath.config.Setting;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.Access;
import io.warmpath.router.FamilyRule;
import io.warmpath.router.RouterConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The config of a router: its file, and what lies over it in ZooKeeper. */
public record RouterSettings(
    @Setting(
            doc =
                "Unique in the cluster, of letters, digits, `.`, `_` and `-`; made up when absent.",
            min = "1",
            max = "128")
        @Nullable String routerId,
    @Setting(doc = "Where the gRPC front door listens.", defaultValue = "0.0.0.0:9000")
        HostPort listen,
    @Setting(
            doc = "Where the HTTP front door listens: OpenAI's API and the rest of the engines'.",
            defaultValue = "0.0.0.0:8000")
        HostPort http,
    @Setting(doc = "Where metrics and health are served.", defaultValue = "0.0.0.0:9001")
        HostPort admin,
    @Setting(doc = "TLS of `listen` and `http`, when present. The `admin` port stays plain.")
        @Nullable TlsSection tls,
    @Setting(
            doc =
                "Who may use the front doors, by API keys; without any, everybody may. See"
                    + " [security](security.md).",
            max = "10000",
            reloadable = true)
        List<TenantSection> tenants,
    @Setting(doc = "Where replicas and other routers are known from.") ZooKeeperSection zookeeper,
    @Setting(doc = "How models are served that `models` does not name.") ModelSection defaults,
    @Setting(
            doc =
                "How single models are served, by the name of the base model. A setting that is"
                    + " absent takes the default of this table, not the one of `defaults`.",
            max = "10000")
        Map<String, ModelSection> models,
    @Setting(
            doc = "Beginnings of prompts, by a name that `families` use; hashed at load.",
            max = "1000")
        Map<String, PrefixSection> prefixes,
    @Setting(
            doc =
                "Rules for families; of several that match a prompt the first decides. A rule that"
                    + " can never decide is refused.",
            max = "1000")
        List<FamilySection> families,
    @Setting(doc = "How a changed config is noticed.") Reload reload,
    @Setting(doc = "What one router takes on.") Limits limits,
    @Setting(doc = "How agents are talked to.") Upstream upstream,
    @Setting(doc = "How usage is kept.") MeteringSection metering,
    @Setting(
            doc = "Longest wait for running requests at shutdown.",
            defaultValue = "30s",
            min = "0s",
            max = "1h",
            reloadable = true)
        Duration drainTimeout,
    @Setting(
            doc =
                "Keys the hashes of session ids; the same in all routers. When absent, sessions are"
                    + " unknown to other routers and after a restart.")
        @Nullable Secret sessionSecret) {

  public RouterSettings {
    rules(families, prefixes, defaults, models);
    access(tls, tenants);
  }

  private static Access access(@Nullable TlsSection tls, List<TenantSection> tenants) {
    return new Access(
        tls == null ? null : tls.settings(), tenants.stream().map(TenantSection::tenant).toList());
  }

  private static List<FamilyRule> rules(
      List<FamilySection> families,
      Map<String, PrefixSection> prefixes,
      ModelSection defaults,
      Map<String, ModelSection> models) {
    @Var int largestStepTokens = defaults.prefix().stepTokens();
    for (ModelSection model : models.values()) {
      largestStepTokens = Math.max(largestStepTokens, model.prefix().stepTokens());
    }
    return FamilyRulesCheck.rules(families, prefixes, largestStepTokens);
  }

  /** Returns the config that a router is started with. */
  public RouterConfig config() {
    RouterConfig config =
        new RouterConfig(
            routerId == null ? "" : routerId,
            new RouterConfig.Listen(listen.host(), listen.port()),
            new RouterConfig.Listen(admin.host(), admin.port()),
            new RouterConfig.Fleet.ZooKeeper(zookeeper.settings()),
            defaults.config(),
            models.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().config())),
            limits.config(),
            upstream.config(),
            drainTimeout,
            sessionSecret == null ? "" : sessionSecret.value());
    return config
        .withMetering(metering.config())
        .withFamilies(rules(families, prefixes, defaults, models))
        .withAccess(access(tls, tenants))
        .withHttp(new RouterConfig.Listen(http.host(), http.port()));
  }

  /** Returns the files that the config is made of, beside the config file itself. */
  public List<Path> files() {
    return Stream.concat(
            prefixes.values().stream().flatMap(prefix -> prefix.files().stream()),
            tenants.stream().flatMap(tenant -> tenant.keyFiles().stream()))
        .toList();
  }

  /** Returns where the config's part in ZooKeeper lies, or null when it has none. */
  public @Nullable ZooKeeperSettings overlay() {
    return reload.zookeeper ? zookeeper.settings() : null;
  }

  /** How often the sources are looked at, or null when they are read at start only. */
  public @Nullable Duration reloadPeriod() {
    return reload.watch ? reload.period : null;
  }

  /** How a changed config is noticed. */
  record Reload(
      @Setting(
              doc =
                  "Whether this file, and those that `prefixes` and `tenants` name, are read again"
                      + " when they change; a change that is refused changes nothing.",
              defaultValue = "true")
          boolean watch,
      @Setting(
              doc = "How often they are looked at.",
              defaultValue = "1s",
              min = "100ms",
              max = "1h")
          Duration period,
      @Setting(
              doc =
                  "Whether the znode `config` below `zookeeper.root` lies over this file: a YAML"
                      + " document whose settings at the top level, but `zookeeper` and `reload`,"
                      + " take the place of this file's. It is read when this file is; `warmpath"
                      + " config publish` writes it.",
              defaultValue = "false")
          boolean zookeeper) {}

  /** What one router takes on. */
  record Limits(
      @Setting(
              doc = "Requests at once; more are refused as overload.",
              defaultValue = "20_000",
              min = "1",
              max = "10000000")
          int maxInFlight,
      @Setting(
              doc = "Longest request message.",
              defaultValue = "16MiB",
              min = "1KiB",
              max = "256MiB",
              unit = "bytes")
          long maxMessageBytes,
      @Setting(
              doc =
                  "Bytes of request bodies that the HTTP door holds at once, each from its first"
                      + " byte to its answer's; further ones are refused as overload. At least"
                      + " `limits.maxMessageBytes`; a quarter of the heap when absent.",
              min = "1KiB",
              max = "1024GiB",
              unit = "bytes")
          @Nullable Long maxBodyBytes,
      @Setting(
              doc = "Models told apart; replicas of further ones are ignored.",
              defaultValue = "256",
              min = "1",
              max = "100000")
          int maxModels,
      @Setting(
              doc = "Further replicas to try when one fails before its first token.",
              defaultValue = "2",
              min = "0",
              max = "10")
          int retryMaxRetries,
      @Setting(
              doc =
                  "Threads that encode prompts of models with a `tokenizer`; half the processors"
                      + " when absent.",
              min = "1",
              max = "256")
          @Nullable Integer tokenizerThreads,
      @Setting(
              doc = "Prompts that wait to be encoded; further ones are told by their bytes.",
              defaultValue = "64",
              min = "1",
              max = "65536")
          int tokenizerQueueSize) {

    RouterConfig.Limits config() {
      return new RouterConfig.Limits(
          maxInFlight,
          Math.toIntExact(maxMessageBytes),
          maxBodyBytes == null
              ? RouterConfig.Limits.defaultBodyBytes(Math.toIntExact(maxMessageBytes))
              : maxBodyBytes,
          maxModels,
          retryMaxRetries,
          tokenizerThreads == null
              ? RouterConfig.Limits.DEFAULT.tokenizerThreads()
              : tokenizerThreads,
          tokenizerQueueSize);
    }
  }

  /** How agents are talked to. */
  record Upstream(
      @Setting(
              doc = "Event loops, each with its own connections; half the processors when absent.",
              min = "1",
              max = "256")
          @Nullable Integer eventLoops,
      @Setting(
              doc = "A silent connection is probed after so long.",
              defaultValue = "10s",
              min = "10s",
              max = "1h")
          Duration keepAlive,
      @Setting(
              doc = "A probed connection is given up after so long without an answer.",
              defaultValue = "5s",
              min = "1s",
              max = "10m")
          Duration keepAliveTimeout,
      @Setting(
              doc = "Messages of one stream that an agent may be ahead of the client.",
              defaultValue = "16",
              min = "1",
              max = "1024")
          int prefetchMessages,
      @Setting(
              doc =
                  "TLS to every agent, on both of its ports, when present; agents then need `tls`.")
          TlsSection.@Nullable Upstream tls) {

    RouterConfig.Upstream config() {
      return new RouterConfig.Upstream(
          eventLoops == null ? RouterConfig.Upstream.DEFAULT.eventLoops() : eventLoops,
          (int) keepAlive.toSeconds(),
          (int) keepAliveTimeout.toSeconds(),
          prefetchMessages,
          tls == null
              ? null
              : new RouterConfig.UpstreamTls(
                  tls.settings(), tls.serverName() == null ? "" : tls.serverName()));
    }
  }
}
