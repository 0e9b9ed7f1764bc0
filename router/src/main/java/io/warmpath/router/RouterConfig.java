package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.relay.tls.TlsSettings;
import io.warmpath.router.usage.Prices;
import io.warmpath.router.usage.UsageMeter;
import io.warmpath.routing.PlacementConfig;
import io.warmpath.routing.Policy;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.tokenizer.HeadEncoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Everything a router is told at start.
 *
 * @param routerId unique in the cluster, of [A-Za-z0-9._-]; empty for one made from host and time
 * @param grpc where the gRPC front door listens
 * @param admin where metrics and health listen
 * @param fleet where the replicas are known from
 * @param defaultModel how a model is served that {@code models} does not name
 * @param models how single models are served, by base model name
 * @param limits what one router takes on
 * @param upstream how agents are talked to
 * @param drainTimeout longest wait for running requests at shutdown, at least 0
 * @param sessionSecret keys the hashes of session ids; equal in all routers of a cluster; empty for
 *     a random one, which makes sessions unknown to other routers and after a restart
 * @param http where the HTTP front door listens, or null for none
 * @param families rules for families, the first that matches a prompt decides
 * @param metering how usage is kept
 * @param access who may connect to the front doors
 */
public record RouterConfig(
    String routerId,
    Listen grpc,
    Listen admin,
    Fleet fleet,
    Model defaultModel,
    @Var Map<String, Model> models,
    Limits limits,
    Upstream upstream,
    Duration drainTimeout,
    String sessionSecret,
    @Nullable Listen http,
    @Var List<FamilyRule> families,
    UsageMeter.Settings metering,
    Access access) {

  /** Makes a config without an HTTP front door and without rules for families. */
  public RouterConfig(
      String routerId,
      Listen grpc,
      Listen admin,
      Fleet fleet,
      Model defaultModel,
      Map<String, Model> models,
      Limits limits,
      Upstream upstream,
      Duration drainTimeout,
      String sessionSecret) {
    this(
        routerId,
        grpc,
        admin,
        fleet,
        defaultModel,
        models,
        limits,
        upstream,
        drainTimeout,
        sessionSecret,
        null,
        List.of(),
        UsageMeter.Settings.DEFAULT,
        Access.OPEN);
  }

  public RouterConfig {
    models = Map.copyOf(models);
    families = List.copyOf(families);
    if (drainTimeout.isNegative()) {
      throw new IllegalArgumentException("drainTimeout: " + drainTimeout + ", allowed: at least 0");
    }
  }

  /** Returns the defaults, listening on free ports of the loopback interface. */
  public static RouterConfig of(Fleet fleet) {
    return new RouterConfig(
        "",
        new Listen("127.0.0.1", 0),
        new Listen("127.0.0.1", 0),
        fleet,
        Model.DEFAULT,
        Map.of(),
        Limits.DEFAULT,
        Upstream.DEFAULT,
        Duration.ofSeconds(30),
        "");
  }

  /** Returns a copy that listens elsewhere. */
  public RouterConfig listening(Listen newGrpc, Listen newAdmin) {
    return copy(parts -> {
      parts.grpc = newGrpc;
      parts.admin = newAdmin;
    });
  }

  /** Returns a copy that serves every model that is not named as {@code model} says. */
  public RouterConfig withDefaultModel(Model model) {
    return copy(parts -> parts.defaultModel = model);
  }

  /** Returns a copy with other rules for families. */
  public RouterConfig withFamilies(List<FamilyRule> newFamilies) {
    return copy(parts -> parts.families = newFamilies);
  }

  /** Returns a copy with other limits. */
  public RouterConfig withLimits(Limits newLimits) {
    return copy(parts -> parts.limits = newLimits);
  }

  /** Returns a copy with an HTTP front door. */
  public RouterConfig withHttp(Listen newHttp) {
    return copy(parts -> parts.http = newHttp);
  }

  /** Returns a copy that keeps usage otherwise. */
  public RouterConfig withMetering(UsageMeter.Settings newMetering) {
    return copy(parts -> parts.metering = newMetering);
  }

  /** Returns a copy to which others may connect. */
  public RouterConfig withAccess(Access newAccess) {
    return copy(parts -> parts.access = newAccess);
  }

  /** Returns a copy that talks to agents otherwise. */
  public RouterConfig withUpstream(Upstream newUpstream) {
    return copy(parts -> parts.upstream = newUpstream);
  }

  private RouterConfig copy(Consumer<Parts> change) {
    Parts parts = new Parts(this);
    change.accept(parts);
    return new RouterConfig(
        routerId,
        parts.grpc,
        parts.admin,
        fleet,
        parts.defaultModel,
        models,
        parts.limits,
        parts.upstream,
        drainTimeout,
        sessionSecret,
        parts.http,
        parts.families,
        parts.metering,
        parts.access);
  }

  /** What a copy may have otherwise. */
  private static final class Parts {

    private Listen grpc;
    private Listen admin;
    private Model defaultModel;
    private Limits limits;
    private Upstream upstream;
    private @Nullable Listen http;
    private List<FamilyRule> families;
    private UsageMeter.Settings metering;
    private Access access;

    Parts(RouterConfig from) {
      grpc = from.grpc;
      admin = from.admin;
      defaultModel = from.defaultModel;
      limits = from.limits;
      upstream = from.upstream;
      http = from.http;
      families = from.families;
      metering = from.metering;
      access = from.access;
    }
  }

  /** What the model {@code name} costs. */
  Prices prices(String name) {
    return model(name).prices();
  }

  /** How the model {@code name} is served. */
  Model model(String name) {
    return models.getOrDefault(name, defaultModel);
  }

  /**
   * Where to listen.
   *
   * @param host address or host name of an interface, {@code 0.0.0.0} for all
   * @param port 0 for any free one
   */
  public record Listen(String host, int port) {

    public Listen {
      if (host.isEmpty()) {
        throw new IllegalArgumentException("listen: the host is empty");
      }
      range("listen: port", port, 0, 65_535);
    }

    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /** Where the replicas are known from. */
  public sealed interface Fleet {

    /** From ZooKeeper, where agents and routers announce themselves. */
    record ZooKeeper(ZooKeeperSettings settings) implements Fleet {}

    /**
     * From the config: the replicas never change and report nothing, so that the router knows of
     * load only what it sends itself. For trials and tests.
     *
     * @param replicas ids distinct
     */
    record Fixed(@Var List<ReplicaReport> replicas) implements Fleet {

      public Fixed {
        replicas = List.copyOf(replicas);
      }
    }
  }

  /**
   * How one model is served.
   *
   * @param policy the placement policy
   * @param placement its settings, {@code mode} among them
   * @param maxPromptTokens longest prompt that is taken, at least 1; the fleet's own limit holds
   *     too
   * @param prices what its tokens cost
   * @param tokenizer its {@code tokenizer.json}, or null to tell texts by their bytes
   */
  public record Model(
      Policy policy,
      PlacementConfig placement,
      int maxPromptTokens,
      Prices prices,
      @Nullable Path tokenizer) {

    /** Longest family, in tokens, of a model with a tokenizer. */
    public static final int MAX_TOKENIZER_TOKENS = HeadEncoder.MAX_TOKENS;

    /** Warmpath's own policy; prompts up to 2 million tokens. */
    public static final Model DEFAULT =
        new Model(Policy.WARMPATH, PlacementConfig.DEFAULT, 2_000_000);

    /** Makes a model whose tokens cost nothing. */
    public Model(Policy policy, PlacementConfig placement, int maxPromptTokens) {
      this(policy, placement, maxPromptTokens, Prices.FREE);
    }

    /** Makes a model whose tokenizer is not known. */
    public Model(Policy policy, PlacementConfig placement, int maxPromptTokens, Prices prices) {
      this(policy, placement, maxPromptTokens, prices, null);
    }

    public Model {
      range("maxPromptTokens", maxPromptTokens, 1, Integer.MAX_VALUE);
      if (policy.needsCacheIndex()) {
        throw new IllegalArgumentException(
            "policy: " + policy.id() + " knows every cache exactly, which only a replay can");
      }
      if (tokenizer != null && placement.prefix().tokens() > MAX_TOKENIZER_TOKENS) {
        throw new IllegalArgumentException(
            "tokenizer: needs families of at most %d tokens, and prefix.tokens is %d"
                .formatted(MAX_TOKENIZER_TOKENS, placement.prefix().tokens()));
      }
    }

    /** Returns a copy whose texts are told by the tokens of {@code file}. */
    public Model withTokenizer(Path file) {
      return new Model(policy, placement, maxPromptTokens, prices, file);
    }
  }

  /**
   * What one router takes on.
   *
   * @param maxInFlight requests at once; more are refused as overload
   * @param maxMessageBytes longest request message, 1 KiB to 256 MiB
   * @param maxBodyBytes of the bodies that the HTTP door holds at once, each from its first byte to
   *     its answer's; at least {@code maxMessageBytes}, at most 1 TiB
   * @param maxModels models told apart; replicas of further ones are ignored
   * @param retryMaxRetries further replicas to try when one fails before its first token, 0..10
   * @param tokenizerThreads threads that encode the prompts of models with a tokenizer, 1..256
   * @param tokenizerQueueSize prompts that wait for one of them; further ones go by their bytes,
   *     1..65,536
   */
  public record Limits(
      int maxInFlight,
      int maxMessageBytes,
      long maxBodyBytes,
      int maxModels,
      int retryMaxRetries,
      int tokenizerThreads,
      int tokenizerQueueSize) {

    /**
     * 20,000 requests at once, messages of 16 MiB, bodies of a quarter of the heap, 256 models, 2
     * retries; one thread of the tokenizers for two processors, 64 prompts that wait.
     */
    public static final Limits DEFAULT = new Limits(20_000, 16 << 20, 256, 2);

    /** Makes limits with the default ones of all bodies and of tokenizers. */
    public Limits(int maxInFlight, int maxMessageBytes, int maxModels, int retryMaxRetries) {
      this(
          maxInFlight,
          maxMessageBytes,
          defaultBodyBytes(maxMessageBytes),
          maxModels,
          retryMaxRetries,
          Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, 256),
          64);
    }

    /** Returns the default of {@code maxBodyBytes}: a quarter of the heap, or one message. */
    public static long defaultBodyBytes(int maxMessageBytes) {
      return Math.max(maxMessageBytes, Runtime.getRuntime().maxMemory() / 4);
    }

    public Limits {
      range("tokenizerThreads", tokenizerThreads, 1, 256);
      range("tokenizerQueueSize", tokenizerQueueSize, 1, 65_536);
      range("maxInFlight", maxInFlight, 1, 10_000_000);
      range("maxMessageBytes", maxMessageBytes, 1 << 10, 256 << 20);
      if (maxBodyBytes < maxMessageBytes || maxBodyBytes > 1L << 40) {
        throw new IllegalArgumentException(
            "maxBodyBytes: %d, and it must be from maxMessageBytes, which is %d, to %d"
                .formatted(maxBodyBytes, maxMessageBytes, 1L << 40));
      }
      range("maxModels", maxModels, 1, 100_000);
      range("retryMaxRetries", retryMaxRetries, 0, 10);
    }
  }

  /**
   * How agents are talked to.
   *
   * @param eventLoops event loops; each has its own connection to every agent it uses, 1..256
   * @param keepAliveSeconds a silent connection is probed after so long, 10..3,600
   * @param keepAliveTimeoutSeconds and given up after so long without an answer, 1..600
   * @param prefetchMessages messages of one stream that an agent may be ahead of the client,
   *     1..1,024
   * @param tls TLS to every agent, on both of its ports; null for none
   */
  public record Upstream(
      int eventLoops,
      int keepAliveSeconds,
      int keepAliveTimeoutSeconds,
      int prefetchMessages,
      @Nullable UpstreamTls tls) {

    /** One loop for two processors; probes after 10 s, given up after 5 s; 16 messages ahead. */
    public static final Upstream DEFAULT =
        new Upstream(
            Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, 256), 10, 5, 16, null);

    public Upstream {
      range("eventLoops", eventLoops, 1, 256);
      range("keepAliveSeconds", keepAliveSeconds, 10, 3_600);
      range("keepAliveTimeoutSeconds", keepAliveTimeoutSeconds, 1, 600);
      range("prefetchMessages", prefetchMessages, 1, 1_024);
    }

    /** Returns a copy that speaks TLS. */
    public Upstream withTls(UpstreamTls newTls) {
      return new Upstream(
          eventLoops, keepAliveSeconds, keepAliveTimeoutSeconds, prefetchMessages, newTls);
    }
  }

  /**
   * TLS to the agents.
   *
   * @param files with the authorities that sign agents' certificates, and the router's own if any
   * @param serverName what every agent's certificate must name; empty for the host that the agent
   *     announces
   */
  public record UpstreamTls(TlsSettings files, String serverName) {}

  private static void range(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(name + ": " + value + ", allowed: " + low + " to " + high);
    }
  }
}
