package io.warmpath.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class HostNamesTest {

  private static final Duration LONG = Duration.ofMinutes(1);

  private final EventLoop loop = new DefaultEventLoop();

  @AfterEach
  void close() {
    loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private Future<InetSocketAddress> resolve(HostNames names, String host) {
    return names.getResolver(loop).resolve(InetSocketAddress.createUnresolved(host, 7));
  }

  private static InetAddress[] nobody(String host) throws UnknownHostException {
    throw new UnknownHostException(host);
  }

  @Test
  void literalAddresses_areNotLookedUp() throws Exception {
    try (HostNames names = new HostNames(HostNamesTest::nobody, LONG)) {
      assertThat(resolve(names, "127.0.0.1").get().getAddress().getHostAddress())
          .isEqualTo("127.0.0.1");
      assertThat(resolve(names, "[::1]").get().getAddress().isLoopbackAddress()).isTrue();
    }
  }

  @Test
  void names_areLookedUp_withoutHoldingTheLoopUp() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    InetAddress address = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
    HostNames.Lookup slow =
        host -> {
          try {
            answer.await();
          } catch (InterruptedException impossible) {
            throw new IllegalStateException(impossible);
          }
          return new InetAddress[] {address};
        };
    try (HostNames names = new HostNames(slow, LONG)) {
      CompletableFuture<Object> resolved = new CompletableFuture<>();
      loop.execute(() -> {
        var _ = resolve(names, "engine").addListener(done -> resolved.complete(done.getNow()));
      });
      loop.submit(() -> {}).get();
      assertThat(resolved.isDone()).isFalse();

      answer.countDown();
      assertThat(resolved.get()).isEqualTo(new InetSocketAddress(address, 7));
    }
  }

  @Test
  void nameThatNobodyHas_isAFailure() throws Exception {
    try (HostNames names = new HostNames(HostNamesTest::nobody, LONG)) {
      Future<InetSocketAddress> resolved = resolve(names, "no-such-host");
      assertThat(resolved.await().cause())
          .isInstanceOf(UnknownHostException.class)
          .hasMessage("no-such-host: no such host");
    }
  }

  @Test
  void silentNameServer_isAFailure() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    HostNames.Lookup silent =
        host -> {
          try {
            never.await();
          } catch (InterruptedException impossible) {
            throw new IllegalStateException(impossible);
          }
          return nobody(host);
        };
    try (HostNames names = new HostNames(silent, Duration.ofMillis(20))) {
      assertThat(resolve(names, "engine").await().cause())
          .isInstanceOf(UnknownHostException.class)
          .hasMessage("engine: no answer");
    } finally {
      never.countDown();
    }
  }
}
