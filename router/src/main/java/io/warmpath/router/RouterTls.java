package io.warmpath.router;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.ssl.SslContext;
import io.warmpath.relay.tls.Tls;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The TLS of one router: that of its front doors, and that to agents. Either may be absent. */
final class RouterTls implements AutoCloseable {

  private static final String HTTP_2 = "h2";
  private static final String HTTP_1 = "http/1.1";

  private final @Nullable Tls doors;
  private final @Nullable Tls upstream;
  private final @Nullable AgentTls agents;

  private RouterTls(@Nullable Tls doors, @Nullable Tls upstream, @Nullable AgentTls agents) {
    this.doors = doors;
    this.upstream = upstream;
    this.agents = agents;
  }

  /**
   * Reads the files that {@code config} names.
   *
   * @throws IOException when they cannot be used, in one sentence
   */
  static RouterTls read(RouterConfig config, InstantSource clock, MeterRegistry registry)
      throws IOException {
    var door = config.access().tls();
    Tls doors = door == null ? null : Tls.server("listen", door, clock, registry);
    RouterConfig.UpstreamTls to = config.upstream().tls();
    if (to == null) {
      return new RouterTls(doors, null, null);
    }
    Tls upstream = Tls.client("upstream", to.files(), clock, registry);
    AgentTls agents = new AgentTls(upstream.context(List.of(HTTP_2)), to.serverName());
    return new RouterTls(doors, upstream, agents);
  }

  /** The gRPC door's context, or null when it is plain. */
  @Nullable SslContext grpcDoor() throws IOException {
    return doors == null ? null : doors.context(List.of(HTTP_2));
  }

  /** The HTTP door's context, or null when it is plain. */
  @Nullable SslContext httpDoor() throws IOException {
    return doors == null ? null : doors.context(List.of(HTTP_2, HTTP_1));
  }

  /** How agents are connected to, or null when that is plain. */
  @Nullable AgentTls agents() {
    return agents;
  }

  /** Starts to follow the files. */
  void follow() {
    if (doors != null) {
      doors.follow();
    }
    if (upstream != null) {
      upstream.follow();
    }
  }

  @Override
  public void close() {
    if (doors != null) {
      doors.close();
    }
    if (upstream != null) {
      upstream.close();
    }
  }
}
