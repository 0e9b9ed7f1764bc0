package io.warmpath.relay;

import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.InetNameResolver;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Looks the hosts of agents and engines up beside the event loops: the JDK's own lookup, which
 * Netty's default calls on the loop, blocks for as long as a name server is silent. The JDK
 * remembers answers (networkaddress.cache.ttl in java.security, 30 s by default).
 */
public final class HostNames extends AddressResolverGroup<InetSocketAddress> {

  /** Longest time for a lookup. */
  private static final Duration LIMIT = Duration.ofSeconds(2);

  /** Hosts as this machine knows them; for any number of event loops. */
  public static final HostNames SYSTEM = new HostNames(InetAddress::getAllByName, LIMIT);

  private final Lookup lookup;
  private final Duration limit;

  /** Hosts as {@code lookup} knows them. */
  HostNames(Lookup lookup, Duration limit) {
    this.lookup = lookup;
    this.limit = limit;
  }

  /** Knows the addresses of a host; may block. */
  interface Lookup {

    /** Returns the addresses of {@code host}, at least one. */
    InetAddress[] of(String host) throws UnknownHostException;
  }

  @Override
  protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
    return new Resolver(executor).asAddressResolver();
  }

  private final class Resolver extends InetNameResolver {

    Resolver(EventExecutor executor) {
      super(executor);
    }

    @Override
    protected void doResolve(String host, Promise<InetAddress> promise)
        throws UnknownHostException {
      if (NetUtil.createByteArrayFromIpAddressString(host) != null) {
        promise.trySuccess(InetAddress.getByName(host)); // With its scope, such as %eth0.
      } else {
        begin(host, promise, found -> promise.trySuccess(found[0]));
      }
    }

    @Override
    protected void doResolveAll(String host, Promise<List<InetAddress>> promise) {
      begin(host, promise, found -> promise.trySuccess(List.of(found)));
    }

    private void begin(String host, Promise<?> promise, Found found) {
      Future<?> tooSlow =
          executor()
              .schedule(
                  () -> promise.tryFailure(unknown(host, "no answer")),
                  limit.toMillis(),
                  TimeUnit.MILLISECONDS);
      promise.addListener(done -> tooSlow.cancel(false));
      Thread.startVirtualThread(() -> {
        try {
          found.addresses(lookup.of(host));
        } catch (UnknownHostException nobody) {
          promise.tryFailure(unknown(host, "no such host"));
        }
      });
    }

    private static UnknownHostException unknown(String host, String why) {
      return new UnknownHostException(host + ": " + why);
    }
  }

  private interface Found {
    void addresses(InetAddress[] found);
  }
}
