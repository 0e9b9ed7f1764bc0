package io.warmpath.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

final class TransportTest {

  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "aarch64"})
  void best_onLinux_isEpoll() {
    assertThat(Epoll.unavailabilityCause()).isNull();
    assertThat(Transport.best().client()).isEqualTo(EpollSocketChannel.class);
  }

  @Test
  void best_carriesBytes() throws Exception {
    Transport transport = Transport.best();
    EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, transport.io());
    CompletableFuture<String> received = new CompletableFuture<>();
    try {
      Channel listening =
          new ServerBootstrap()
              .group(loops)
              .channel(transport.server())
              .childHandler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      channel.pipeline().addLast(new Receiver(received));
                    }
                  })
              .bind(InetAddress.getLoopbackAddress(), 0)
              .sync()
              .channel();
      Channel sending =
          new Bootstrap()
              .group(loops)
              .channel(transport.client())
              .handler(new Receiver(received))
              .connect(listening.localAddress())
              .sync()
              .channel();
      sending.writeAndFlush(Unpooled.copiedBuffer("warm", StandardCharsets.US_ASCII)).sync();
      assertThat(received.get(10, TimeUnit.SECONDS)).isEqualTo("warm");
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  private static final class Receiver extends SimpleChannelInboundHandler<ByteBuf> {

    private final CompletableFuture<String> received;

    Receiver(CompletableFuture<String> received) {
      this.received = received;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
      received.complete(bytes.toString(StandardCharsets.US_ASCII));
    }
  }
}
