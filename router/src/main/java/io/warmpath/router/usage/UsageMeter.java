package io.warmpath.router.usage;

import io.micrometer.core.instrument.MeterRegistry;
import io.warmpath.routing.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds up what the event loops counted, prices it, and keeps it: the one thread that owns all usage
 * of a router.
 */
public final class UsageMeter implements AutoCloseable {

  /*
   * A loop counts in a map of its own and hands it over when asked, so a token is in exactly one
   * place at any time: a loop's map, the inbox, or the books. Asking costs a loop two assignments.
   *
   * What was counted belongs to the day and is priced at the prices of the moment at which it is
   * collected: before new prices come into effect, everything is collected at the old ones.
   *
   * `unwritten` holds what no file has yet. It is added to by key, so that a disk that is full for
   * hours costs no memory but for its keys.
   */
  private static final Logger LOG = LoggerFactory.getLogger(UsageMeter.class);

  private static final long CLOSE_LIMIT_SECONDS = 5;

  private final Settings settings;
  private final Tallies tallies;
  private final InstantSource clock;
  private final Ticker ticker;
  private final UsageMetrics metrics;
  private final @Nullable UsageFiles files;
  private final @Nullable UsageExport export;
  private final Queue<Map<UsageKey, UsageCounts>> inbox = new ConcurrentLinkedQueue<>();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("warmpath-usage").factory());

  // Of the thread; before it starts, of the one that makes the meter.
  private final UsageBook book = new UsageBook();
  private final UsageBook unwritten = new UsageBook();
  private final NamedKeys names;
  private Function<String, Prices> prices;
  private boolean complained;

  /**
   * How usage is kept.
   *
   * @param directory where the files are, or null for none
   * @param period between two writes, above 0
   * @param days that are kept, the current one included, 1..400
   * @param maxTenants tenants that are told apart, 0..10,000
   * @param json whether each day's usage is kept as a JSON document as well
   */
  public record Settings(
      @Nullable Path directory, Duration period, int days, int maxTenants, boolean json) {

    /** In memory only, for 35 days; 100 tenants. */
    public static final Settings DEFAULT = new Settings(null, Duration.ofSeconds(5), 35, 100);

    /** Settings without JSON. */
    public Settings(@Nullable Path directory, Duration period, int days, int maxTenants) {
      this(directory, period, days, maxTenants, false);
    }

    public Settings {
      if (!period.isPositive()) {
        throw new IllegalArgumentException("metering.period: " + period + ", allowed: above 0");
      }
      range("metering.days", days, 1, 400);
      range("metering.maxTenants", maxTenants, 0, 10_000);
    }

    private static void range(String name, int value, int low, int high) {
      if (value < low || value > high) {
        throw new IllegalArgumentException(
            name + ": " + value + ", allowed: " + low + " to " + high);
      }
    }
  }

  /** Where usage is counted. */
  @FunctionalInterface
  public interface Tallies {

    /**
     * Has every tally handed to {@code inbox}, on any thread, and waits until all are there, or for
     * a limited time. What comes later counts as well.
     */
    void collect(Consumer<Map<UsageKey, UsageCounts>> inbox);
  }

  private UsageMeter(
      Settings settings,
      Tallies tallies,
      Function<String, Prices> prices,
      InstantSource clock,
      Ticker ticker,
      MeterRegistry registry)
      throws IOException {
    this.settings = settings;
    this.tallies = tallies;
    this.prices = prices;
    this.clock = clock;
    this.ticker = ticker;
    this.metrics = new UsageMetrics(registry);
    this.names = new NamedKeys(settings.maxTenants(), ticker.nanos());
    Path directory = settings.directory();
    this.files = directory == null ? null : UsageFiles.open(directory);
    this.export = directory == null || !settings.json() ? null : new UsageExport(directory, ticker);
  }

  /**
   * Reads what earlier runs kept, and starts.
   *
   * @param prices of each model, by name
   * @throws IOException when the directory cannot be used, in one sentence
   */
  public static UsageMeter start(
      Settings settings,
      Tallies tallies,
      Function<String, Prices> prices,
      InstantSource clock,
      Ticker ticker,
      MeterRegistry registry)
      throws IOException {
    UsageMeter meter = new UsageMeter(settings, tallies, prices, clock, ticker, registry);
    meter.readFiles();
    long nanos = settings.period().toNanos();
    var _ =
        meter.thread.scheduleWithFixedDelay(
            () -> meter.tick(false), nanos, nanos, TimeUnit.NANOSECONDS);
    return meter;
  }

  private void readFiles() throws IOException {
    UsageFiles kept = files;
    if (kept == null) {
      return;
    }
    LocalDate today = today();
    for (int age = settings.days() - 1; age >= 0; age--) {
      kept.read(today.minusDays(age), book);
    }
    book.forEachKey((day, key) -> names.keep(day, today, key));
    if (export != null) {
      book.days().forEach(export::changed); // What was killed may have left them behind.
    }
  }

  /** Whether what is counted survives this process. */
  public boolean isDurable() {
    return files != null;
  }

  /** Prices everything that is answered from now on by {@code next}. */
  public void reprice(Function<String, Prices> next) {
    onThread(() -> {
      collect();
      prices = next;
    });
  }

  /** What was asked for: its sums by the values of the dimensions, in their order. */
  @FunctionalInterface
  public interface Answer {
    void rows(Map<List<String>, UsageCounts> rows);
  }

  /**
   * Adds up everything that was answered so far; tells {@code answer} on the meter's thread.
   *
   * @param from first day, or null for the first that is kept
   * @param to last day, or null for today
   * @param by what to tell apart
   */
  public void sum(
      @Nullable LocalDate from, @Nullable LocalDate to, List<UsageDimension> by, Answer answer) {
    onThread(() -> {
      collect();
      answer.rows(
          book.sum(from == null ? LocalDate.MIN : from, to == null ? LocalDate.MAX : to, by));
    });
  }

  private void onThread(Runnable task) {
    try {
      thread.execute(task);
    } catch (RejectedExecutionException closed) {
      LOG.debug("usage is asked for after the end");
    }
  }

  // ---- on the thread

  @SuppressWarnings("IllegalCatch") // Outermost frame: a fault must not end metering.
  private void tick(boolean last) {
    try {
      collect();
      write(last);
      book.removeBefore(today().minusDays(settings.days() - 1L));
    } catch (RuntimeException bug) {
      LOG.error("usage could not be added up; trying again", bug);
    }
  }

  private void collect() {
    tallies.collect(inbox::add);
    LocalDate day = today();
    long now = ticker.nanos();
    UsageBook collected = new UsageBook();
    for (var tally = inbox.poll(); tally != null; tally = inbox.poll()) {
      tally.forEach((key, counts) -> collected.add(day, key, counts));
    }
    Map<UsageKey, UsageCounts> rows = collected.rows(day);
    rows.forEach((key, counts) -> names.note(key, counts, now));
    rows.forEach((key, counts) -> enter(day, names.apply(key, day), counts));
  }

  private void enter(LocalDate day, UsageKey key, UsageCounts counts) {
    UsageCounts priced = counts.at(prices.apply(key.model()));
    book.add(day, key, priced);
    metrics.add(key, priced);
    if (files != null) {
      unwritten.add(day, key, priced);
    }
    if (export != null) {
      export.changed(day);
    }
  }

  private void write(boolean last) {
    UsageFiles kept = files;
    if (kept == null) {
      return;
    }
    try {
      for (LocalDate day : unwritten.days()) {
        kept.append(day, unwritten.rows(day));
        unwritten.remove(day);
      }
      LocalDate today = today();
      for (LocalDate day : book.days()) {
        kept.compact(day, book.rows(day), day.isBefore(today));
      }
      if (export != null) {
        export.write(book, today, last);
      }
      complained = false;
    } catch (IOException failed) {
      metrics.writeFailed();
      if (!complained) {
        complained = true;
        LOG.error("usage could not be written and is kept in memory: {}", failed.toString());
      }
    }
  }

  private LocalDate today() {
    return LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
  }

  /** Collects and writes a last time. */
  @Override
  public void close() {
    onThread(() -> tick(true));
    thread.shutdown();
    try {
      if (!thread.awaitTermination(CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        LOG.error("usage was not written within {} s", CLOSE_LIMIT_SECONDS);
        thread.shutdownNow();
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
    if (files != null) {
      files.close();
    }
  }
}
