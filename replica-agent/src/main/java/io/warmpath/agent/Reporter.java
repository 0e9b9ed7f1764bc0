package io.warmpath.agent;

import com.google.errorprone.annotations.Var;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Decides when a replica reports, and hands the reports over. Confined to the replica's event loop,
 * but for {@link #last}.
 *
 * <p>A busy replica, one at which a request may have to wait, reports each period, another each
 * idle period; a new state or a jump of the load is reported at once, but never two reports within
 * the shortest spacing. In a large fleet the period grows, and jumps wait for it, so that all
 * replicas together keep to a number of reports a second but for new states.
 */
final class Reporter {

  /** A jump: pending work is off from the reported by this and by a quarter. */
  private static final double JUMP_SECONDS = 0.25;

  private static final double JUMP_RATIO = 0.25;

  /*
   * A replica with less to do than this serves the next request at once, wherever it comes from:
   * what routers know of its load need not be news, and each report costs every router more than a
   * short request does. What they know of its cache must not fall behind either: a report has room
   * for 128 anchors, and a request touches two or more.
   */
  private static final double BUSY_SECONDS = 0.05;

  private static final int BUSY_REQUESTS = 16;

  private static final double BUSY_SATURATION = 0.5;

  private final EventLoop loop;
  private final Ticker ticker;
  private final AgentConfig.Report settings;
  private final Sink sink;
  private final Source source;
  private final ReplicaMetrics metrics;
  private long sequence;
  private long lastNanos;
  private boolean started;
  private @Nullable ScheduledFuture<?> next;
  private volatile @Nullable ReplicaReport last;

  /** Where reports go. */
  interface Sink {

    /** Takes a report over; must not block. */
    void announce(ReplicaReport report);

    /** Replicas in the fleet, at least 1, as far as the agent knows. */
    int fleetSize();
  }

  /** Makes reports. */
  interface Source {
    /** The report of this moment. */
    ReplicaReport report(long sequence, long nowNanos);
  }

  Reporter(
      EventLoop loop,
      Ticker ticker,
      AgentConfig.Report settings,
      Sink sink,
      Source source,
      ReplicaMetrics metrics) {
    this.loop = loop;
    this.ticker = ticker;
    this.settings = settings;
    this.sink = sink;
    this.source = source;
    this.metrics = metrics;
  }

  /** Makes the first report. */
  void start() {
    started = true;
    report();
  }

  void stop() {
    started = false;
    cancelNext();
  }

  /** The last report; any thread may ask. */
  @Nullable ReplicaReport last() {
    return last;
  }

  /** A new epoch: its reports are numbered anew. */
  void epochBegan() {
    sequence = 0;
  }

  /** Something changed that routers should know at once. */
  void changed() {
    reportAfter(settings.minSpacing().toNanos());
  }

  private void reportAfter(long spacingNanos) {
    if (started) {
      scheduleIn(spacingNanos - (ticker.nanos() - lastNanos));
    }
  }

  /** The load changed; reports at once when it is far from what was reported. */
  void loadMayHaveJumped(double pendingSeconds) {
    ReplicaReport reported = last;
    if (reported == null) {
      return;
    }
    double before = reported.load().pendingWorkSeconds();
    double difference = Math.abs(pendingSeconds - before);
    if (difference > JUMP_SECONDS && difference > JUMP_RATIO * before) {
      reportAfter(Math.max(settings.minSpacing().toNanos(), fleetPeriodNanos()));
    }
  }

  private void report() {
    next = null;
    long now = ticker.nanos();
    ReplicaReport report = source.report(sequence++, now);
    boolean busy = isBusy(last, report);
    last = report;
    lastNanos = now;
    long period = (busy ? settings.period() : settings.idlePeriod()).toNanos();
    scheduleIn(Math.max(period, fleetPeriodNanos()));
    sink.announce(report);
    metrics.reported();
  }

  /** What keeps the whole fleet to its reports a second. */
  private long fleetPeriodNanos() {
    return TimeUnit.SECONDS.toNanos(sink.fleetSize()) / settings.fleetReportsPerSecond();
  }

  /** Whether the next report may say what a router should soon know. */
  private static boolean isBusy(@Nullable ReplicaReport before, ReplicaReport now) {
    ReplicaReport.Load load = now.load();
    return before == null
        || before.state() != now.state()
        || load.waitingRequests() > 0
        || load.pendingWorkSeconds() >= BUSY_SECONDS
        || load.saturation() >= BUSY_SATURATION
        || now.totals().requests() - before.totals().requests() >= BUSY_REQUESTS;
  }

  private void scheduleIn(long nanos) {
    @Var long delay = Math.max(nanos, 0);
    ScheduledFuture<?> pending = next;
    if (pending != null) {
      delay = Math.min(delay, Math.max(0, pending.getDelay(TimeUnit.NANOSECONDS)));
    }
    cancelNext();
    next = loop.schedule(this::report, delay, TimeUnit.NANOSECONDS);
  }

  private void cancelNext() {
    ScheduledFuture<?> pending = next;
    if (pending != null) {
      pending.cancel(false);
    }
  }
}
