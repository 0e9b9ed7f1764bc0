package io.warmpath.router.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.warmpath.testkit.Await;
import io.warmpath.testkit.SeededCases;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A meter over tallies that the test fills, and the files that it leaves. */
final class UsageMeterTest {

  private static final Duration NEVER = Duration.ofHours(1);
  private static final Duration SOON = Duration.ofMillis(1);
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final LocalDate DAY = LocalDate.of(2026, 11, 21);
  private static final Prices PRICES = new Prices(2, 0.5, 8);

  @TempDir private Path directory;

  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-11-21T12:00:00Z"));
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final UsageTally tally = new UsageTally();

  @SuppressWarnings("NullAway.Init") // Each test starts it as it needs it.
  private UsageMeter meter;

  @AfterEach
  void close() {
    if (meter != null) {
      meter.close();
    }
  }

  private void start(Duration period) throws IOException {
    start(new UsageMeter.Settings(directory, period, 35, 2), model -> PRICES);
  }

  private void start(UsageMeter.Settings settings, Function<String, Prices> prices)
      throws IOException {
    meter =
        UsageMeter.start(
            settings, inbox -> inbox.accept(take()), prices, now::get, System::nanoTime, registry);
  }

  private Map<UsageKey, UsageCounts> take() {
    synchronized (tally) {
      return tally.take();
    }
  }

  private void add(UsageKey key, long prompt, long cached, long completion) {
    synchronized (tally) {
      tally.add(key, UsageCounts.ofRequest(prompt, cached, completion, false));
    }
  }

  private static UsageKey key(String tenant) {
    return new UsageKey(tenant, "m", UsageKey.NO_FAMILY, SessionClass.NONE);
  }

  private Map<List<String>, UsageCounts> sum(UsageDimension... by) {
    CompletableFuture<Map<List<String>, UsageCounts>> rows = new CompletableFuture<>();
    meter.sum(null, null, List.of(by), rows::complete);
    return rows.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
  }

  private UsageCounts total() {
    return sum().getOrDefault(List.of(), UsageCounts.ZERO);
  }

  private Path file(LocalDate day) {
    return directory.resolve("usage-" + day + ".csv");
  }

  @Test
  void answers_arePricedAndAddedUp() throws IOException {
    start(NEVER);
    add(key("a"), 1_000, 600, 100);
    add(key("a"), 1_000, 0, 100);
    add(key("b"), 10, 0, 1);

    // 1,400 at 2, 600 at 0.5 and 200 at 8 a million.
    assertThat(sum(UsageDimension.TENANT))
        .containsOnly(
            Map.entry(List.of("a"), new UsageCounts(2, 0, 2_000, 600, 200, 4_700_000L, 900_000L)),
            Map.entry(List.of("b"), new UsageCounts(1, 0, 10, 0, 1, 28_000L, 0)));
    assertThat(
            registry
                .get("warmpath.usage.tokens")
                .tags("tenant", "a", "kind", "cached")
                .counter()
                .count())
        .isEqualTo(600);
    assertThat(registry.get("warmpath.usage.cost").tags("tenant", "a").counter().count())
        .isEqualTo(0.0047);
  }

  @Test
  void restarts_loseNothingOfAnyTraffic() {
    SeededCases.run(
        20,
        random -> {
          try {
            checkRestarts(random);
          } catch (IOException failed) {
            throw new UncheckedIOException(failed);
          }
        });
  }

  private void checkRestarts(RandomGenerator random) throws IOException {
    Path own = Files.createTempDirectory(directory, "case");
    UsageMeter.Settings settings = new UsageMeter.Settings(own, NEVER, 35, 2);
    Map<List<String>, UsageCounts> expected = new HashMap<>();
    for (int run = 0; run < 4; run++) {
      start(settings, model -> PRICES);
      for (int i = 0; i < 200; i++) {
        UsageKey key = anyKey(random);
        int prompt = 1 + random.nextInt(10_000);
        int cached = random.nextInt(prompt);
        add(key, prompt, cached, 7);
        expected.merge(
            List.of(key.model(), key.session().word()),
            UsageCounts.ofRequest(prompt, cached, 7, false).at(PRICES),
            UsageCounts::plus);
        if (i % 50 == 0) {
          total();
        }
      }
      now.updateAndGet(time -> time.plus(Duration.ofHours(7)));
      meter.close();
    }
    start(settings, model -> Prices.FREE);
    assertThat(sum(UsageDimension.MODEL, UsageDimension.SESSION_CLASS)).isEqualTo(expected);
    meter.close();
  }

  private static UsageKey anyKey(RandomGenerator random) {
    return new UsageKey(
        List.of("", "a", "b,\n", "c", "d").get(random.nextInt(5)),
        "m" + random.nextInt(2),
        random.nextInt(300) - 1,
        List.of(SessionClass.values()).get(random.nextInt(4)));
  }

  @Test
  void lineThatWasCutOff_doesNotCount() throws IOException {
    start(NEVER);
    add(key("a"), 100, 0, 0);
    meter.close();
    String line = Files.readAllLines(file(DAY)).get(1);
    Files.writeString(file(DAY), line.substring(0, 30), StandardOpenOption.APPEND);

    start(NEVER);
    assertThat(total().promptTokens()).isEqualTo(100);
    add(key("a"), 11, 0, 0);
    meter.close();
    start(NEVER);
    assertThat(total().promptTokens()).isEqualTo(111);
  }

  @Test
  void json_isADocumentADayThatEqualsTheOtherFile() throws IOException {
    UsageMeter.Settings settings = new UsageMeter.Settings(directory, SOON, 35, 2, true);
    start(settings, model -> PRICES);
    add(key("a \"b\", c"), 1_000, 600, 100);
    Path json = directory.resolve("usage-2026-11-21.json");
    Await.until("the first document", LIMIT, () -> Files.exists(json));
    add(key(""), 1_000, 0, 7);
    now.updateAndGet(time -> time.plus(Duration.ofDays(1)));
    Await.until("the next day", LIMIT, () -> total().requests() == 2);
    add(key(""), 5, 0, 0);
    meter.close();

    assertThat(Files.readString(json))
        .isEqualTo(
            """
            {"day":"2026-11-21","rows":[
            {"tenant":"a \\"b\\", c","model":"m","family":"none","session":"none","requests":1,\
            "estimatedRequests":0,"promptTokens":1000,"cachedTokens":600,"completionTokens":100,\
            "cost":0.001900000,"saved":0.000900000}]}
            """);
    Path next = directory.resolve("usage-2026-11-22.json");
    assertThat(Files.readString(next)).contains("\"requests\":2").contains("\"promptTokens\":1005");

    Files.delete(next);
    start(settings, model -> PRICES);
    Await.until("the document that was lost", LIMIT, () -> Files.exists(next));
    assertThat(Files.readString(next)).contains("\"requests\":2").contains("\"promptTokens\":1005");
  }

  private double others(String what) {
    return registry.get("warmpath.usage.other").tag("what", what).counter().count();
  }

  @Test
  void lineThatIsNone_isSkippedAndKept() throws IOException {
    start(NEVER);
    add(key("a"), 100, 0, 0);
    meter.close();
    Files.writeString(file(DAY), "what is this\n", StandardOpenOption.APPEND);
    now.updateAndGet(time -> time.plus(Duration.ofDays(1)));

    start(NEVER);
    assertThat(total().promptTokens()).isEqualTo(100);
    meter.close();
    assertThat(Files.readString(file(DAY))).contains("what is this");
  }

  @Test
  void directory_isOfOneRouterAtATime() throws IOException {
    start(NEVER);
    UsageMeter first = meter;
    assertThatThrownBy(() -> start(NEVER))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("in use by another router");
    first.close();
    start(NEVER);
  }

  @Test
  void dayThatIsOver_becomesOneLineAKey() throws IOException {
    start(SOON);
    for (int i = 1; i <= 3; i++) {
      long lines = i + 1L;
      add(key("a"), 10, 0, 0);
      Await.until("line " + i, LIMIT, () -> lineCount(DAY) == lines);
    }
    now.updateAndGet(time -> time.plus(Duration.ofDays(1)));
    Await.until("two lines", LIMIT, () -> lineCount(DAY) == 2);
    assertThat(Files.readAllLines(file(DAY)).get(1)).startsWith("2026-11-21,a,m,none,none,3,0,30,");
  }

  private long lineCount(LocalDate day) {
    try {
      return Files.exists(file(day)) ? Files.readAllLines(file(day)).size() : 0;
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  @Test
  void diskThatFails_isTriedAgainAndLosesNothing() throws IOException {
    Path inTheWay = Files.createDirectory(file(DAY.plusDays(1)));
    start(SOON);
    now.updateAndGet(time -> time.plus(Duration.ofDays(1)));
    add(key("a"), 10, 0, 0);
    Await.until(
        "a failed write",
        LIMIT,
        () -> registry.get("warmpath.usage.failed.writes").counter().count() > 0);
    add(key("a"), 5, 0, 0);
    Files.delete(inTheWay);
    Await.until("the file", LIMIT, () -> Files.isRegularFile(inTheWay));
    meter.close();
    start(SOON);
    assertThat(total().promptTokens()).isEqualTo(15);
  }

  @Test
  void days_areKeptAsLongAsTheSettingSays() throws IOException {
    UsageMeter.Settings twoDays = new UsageMeter.Settings(directory, NEVER, 2, 2);
    for (int day = 0; day < 3; day++) {
      start(twoDays, model -> PRICES);
      add(key("a"), 10, 0, 0);
      meter.close();
      now.updateAndGet(time -> time.plus(Duration.ofDays(1)));
    }
    now.updateAndGet(time -> time.minus(Duration.ofDays(1)));
    start(twoDays, model -> PRICES);
    assertThat(sum(UsageDimension.DAY).keySet())
        .containsExactly(List.of("2026-11-22"), List.of("2026-11-23"));
    assertThat(file(DAY)).exists();
  }

  @Test
  void newPrices_areForWhatIsAnsweredFromThenOn() throws IOException {
    start(new UsageMeter.Settings(null, NEVER, 35, 2), model -> PRICES);
    add(key("a"), 1_000, 0, 0);
    meter.reprice(model -> new Prices(5, 5, 5));
    Await.until("the old prices' end", LIMIT, () -> total().costNanos() == 2_000_000);
    add(key("a"), 1_000, 0, 0);
    assertThat(total().costNanos()).isEqualTo(7_000_000);
    assertThat(meter.isDurable()).isFalse();
  }

  @Test
  void tenants_beyondTheLimitAreOneAndStayNamedAfterARestart() throws IOException {
    start(NEVER);
    for (String tenant : List.of("a", "b")) {
      add(key(tenant), 1, 0, 0);
      total();
    }
    meter.close();
    start(NEVER);
    for (String tenant : List.of("c", "d", "b", "", "a")) {
      add(key(tenant), 10, 0, 0);
    }
    Map<List<String>, UsageCounts> sums = sum(UsageDimension.TENANT);
    assertThat(sums.keySet())
        .containsExactlyInAnyOrder(List.of("a"), List.of("b"), List.of(""), List.of("other"));
    assertThat(sums)
        .extractingByKey(List.of("other"))
        .extracting(UsageCounts::promptTokens)
        .isEqualTo(20L);
    assertThat(others("tenant")).isEqualTo(2);
    assertThat(others("family")).isZero();
  }

  @Test
  void families_areNamedWhileTheyMatter() throws IOException {
    start(NEVER);
    UsageKey hot = new UsageKey("", "m", 7, SessionClass.NONE);
    add(hot, 1_000_000, 0, 0);
    List<UsageKey> cold = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      cold.add(new UsageKey("", "m", 100 + i, SessionClass.NONE));
    }
    cold.forEach(family -> add(family, 100, 0, 0));
    Map<List<String>, UsageCounts> sums = sum(UsageDimension.FAMILY);
    assertThat(sums.keySet())
        .containsExactlyInAnyOrder(List.of("0000000000000007"), List.of("other"));
    assertThat(sums)
        .extractingByKey(List.of("other"))
        .extracting(UsageCounts::promptTokens)
        .isEqualTo(500_000L);
    assertThat(others("family")).isEqualTo(5_000);
    assertThat(others("tenant")).isZero();
  }

  @Test
  void tally_thatIsFull_goesOnWithoutNames() {
    for (int i = 0; i < UsageTally.MAX_KEYS + 500; i++) {
      tally.add(
          new UsageKey("t" + i, "m", i + 1, SessionClass.NONE),
          UsageCounts.ofRequest(1, 0, 1, false));
    }
    Map<UsageKey, UsageCounts> taken = tally.take();
    assertThat(taken).hasSize(UsageTally.MAX_KEYS + 1);
    assertThat(taken.values().stream().mapToLong(UsageCounts::requests).sum())
        .isEqualTo(UsageTally.MAX_KEYS + 500);
    assertThat(tally.take()).isEmpty();
  }
}
