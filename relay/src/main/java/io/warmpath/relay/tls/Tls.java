package io.warmpath.relay.tls;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One side of TLS: contexts made of PEM files, which follow the files while the process runs. Files
 * that cannot be used are refused, and the last good ones go on. Thread-safe.
 */
public final class Tls implements AutoCloseable {

  /*
   * Contents are compared, not times, as for the config: a Kubernetes Secret changes by a swapped
   * symbolic link. A change counts when two looks in a row found the same, so that a certificate
   * that was written just before its key is not taken for a wrong pair.
   */
  private static final Logger LOG = LoggerFactory.getLogger(Tls.class);

  private final String name;
  private final boolean client;
  private final TlsSettings settings;
  private final InstantSource clock;
  private final Counter applied;
  private final Counter refused;
  private final Thread watch;

  // Guarded by this, but for the two that metrics read.
  private final List<FollowingContext> contexts = new ArrayList<>();
  private PemTexts inUse;
  private PemTexts lastSeen;
  private @Nullable PemTexts bad;
  private volatile Credentials credentials;
  private volatile boolean stale;

  private Tls(
      String name,
      boolean client,
      TlsSettings settings,
      InstantSource clock,
      MeterRegistry registry)
      throws IOException {
    this.name = name;
    this.client = client;
    this.settings = settings;
    this.clock = clock;
    this.inUse = PemTexts.read(settings);
    this.lastSeen = inUse;
    this.credentials = read(inUse);
    this.applied = reloads(registry, "applied");
    this.refused = reloads(registry, "refused");
    register(registry);
    this.watch = Thread.ofPlatform().daemon().name("warmpath-tls").unstarted(this::pollForever);
  }

  /**
   * Reads a server's files.
   *
   * @param name label of its metrics, and what log lines call it
   * @throws IOException when the files cannot be used, in one sentence
   */
  public static Tls server(
      String name, TlsSettings settings, InstantSource clock, MeterRegistry registry)
      throws IOException {
    return new Tls(name, false, settings, clock, registry);
  }

  /** The same of a client. */
  public static Tls client(
      String name, TlsSettings settings, InstantSource clock, MeterRegistry registry)
      throws IOException {
    return new Tls(name, true, settings, clock, registry);
  }

  /** Starts to follow the files, on a thread of its own. */
  public void follow() {
    watch.start();
  }

  /**
   * Returns a context that offers the application protocols {@code protocols}, the best first. Each
   * new connection gets the newest credentials.
   *
   * @throws IOException when none can be made of the files, in one sentence
   */
  public synchronized SslContext context(List<String> protocols) throws IOException {
    FollowingContext context = new FollowingContext(client, protocols, credentials);
    contexts.add(context);
    return context;
  }

  private void register(MeterRegistry registry) {
    Gauge.builder("warmpath.tls.stale", this, tls -> tls.stale ? 1 : 0)
        .description("1 while the newest TLS files are refused and older ones go on")
        .tag("use", name)
        .register(registry);
    if (settings.certificate() != null) {
      expiry(registry, "certificate");
    }
    if (settings.authorities() != null) {
      expiry(registry, "ca");
    }
  }

  private void expiry(MeterRegistry registry, String file) {
    boolean own = file.equals("certificate");
    Gauge.builder(
            "warmpath.tls.expiry",
            this,
            tls -> tls.secondsLeft(own ? tls.credentials.chain() : tls.credentials.authorities()))
        .description("Time until the first certificate in the file expires, below 0 once it has")
        .baseUnit("seconds")
        .tag("use", name)
        .tag("file", file)
        .register(registry);
  }

  private double secondsLeft(List<X509Certificate> certificates) {
    Instant now = clock.instant();
    return certificates.stream()
        .mapToDouble(one -> Duration.between(now, one.getNotAfter().toInstant()).toSeconds())
        .min()
        .orElse(Double.NaN);
  }

  private Counter reloads(MeterRegistry registry, String result) {
    return Counter.builder("warmpath.tls.reloads")
        .description("Changed TLS files by what became of them")
        .tag("use", name)
        .tag("result", result)
        .register(registry);
  }

  @SuppressWarnings("IllegalCatch") // Outermost frame: a fault must not end the watch.
  private void pollForever() {
    try {
      while (true) {
        TimeUnit.NANOSECONDS.sleep(settings.checkPeriod().toNanos());
        try {
          poll();
        } catch (RuntimeException bug) {
          LOG.error("{}: the TLS files could not be followed; trying again", name, bug);
        }
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks at the files once. */
  synchronized void poll() {
    PemTexts now = PemTexts.read(settings);
    boolean settled = now.equals(lastSeen);
    lastSeen = now;
    if (now.equals(inUse)) {
      stale = false;
      bad = null;
    } else if (settled && !now.equals(bad)) {
      take(now);
    }
  }

  private void take(PemTexts texts) {
    try {
      Credentials next = read(texts);
      List<SslContext> built = new ArrayList<>();
      for (FollowingContext context : contexts) {
        built.add(context.build(next));
      }
      for (int i = 0; i < built.size(); i++) {
        contexts.get(i).use(built.get(i));
      }
      credentials = next;
      inUse = texts;
      bad = null;
      stale = false;
      applied.increment();
      LOG.info("{}: new connections use the new TLS files", name);
    } catch (IOException unusable) {
      bad = texts;
      stale = true;
      refused.increment();
      LOG.error(
          "{}: the new TLS files are refused, the old ones go on: {}", name, unusable.getMessage());
    }
  }

  private Credentials read(PemTexts texts) throws IOException {
    return Credentials.parse(settings, texts, clock.instant());
  }

  /** Stops following the files; the contexts go on as they are. */
  @Override
  public void close() {
    watch.interrupt();
  }
}
