package io.warmpath.router;

import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;

/**
 * How connections to agents are secured.
 *
 * @param context for HTTP/2, which both ports speak
 * @param serverName what an agent's certificate must name, empty for the host that is called
 */
record AgentTls(SslContext context, String serverName) {

  private static final int HANDSHAKE_LIMIT_MILLIS = 2_000;

  /** Returns the first handler of a connection to a relay port. */
  SslHandler handler(Channel channel, String host, int port) {
    SslHandler handler =
        context.newHandler(channel.alloc(), serverName.isEmpty() ? host : serverName, port);
    handler.setHandshakeTimeoutMillis(HANDSHAKE_LIMIT_MILLIS);
    return handler;
  }

  /** Secures a channel to a gRPC port. */
  void secure(NettyChannelBuilder channel) {
    channel.useTransportSecurity().sslContext(context);
    if (!serverName.isEmpty()) {
      channel.overrideAuthority(serverName);
    }
  }
}
