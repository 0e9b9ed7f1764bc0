package io.warmpath.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import io.warmpath.v1.RefusalReason;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Responses that engines keep, asked for through a router that did not see them made. */
final class HomeSearchTest {

  private static final String MADE_BY_A = "resp_of-a";
  private static final String ABOUT = "/v1/responses/" + MADE_BY_A;
  private static final String GOES_ON =
      "{\"model\":\"m\",\"input\":\"And?\",\"previous_response_id\":\"%s\"}";

  private final List<AutoCloseable> open = new ArrayList<>();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @AfterEach
  void closeAll() throws Exception {
    http.close();
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  /** An engine that keeps its responses. */
  private static final class Engine {
    final Set<String> kept = ConcurrentHashMap.newKeySet();
    final FakeRelay relay;

    Engine(String id) throws IOException {
      relay = FakeRelay.start(id, FakeRelay.answers(500, "text/plain", ""));
      relay.script((request, out) -> answer(id, request).answer(request, out));
    }

    private FakeRelay.Script answer(String id, FakeRelay.Request request) {
      String[] line = request.line().split(" ", -1);
      String asked =
          line[1].equals("/v1/responses")
              ? request.body().replaceAll(".*previous_response_id\":\"([^\"]*)\".*", "$1")
              : line[1].split("/", -1)[3];
      if (asked.startsWith("resp_") && !kept.contains(asked)) {
        return FakeRelay.answers(404, "application/json", unknown(asked));
      }
      if (line[0].equals("DELETE")) {
        kept.remove(asked);
      }
      if (line[1].equals("/v1/responses")) {
        kept.add("resp_of-" + id);
      }
      return FakeRelay.answers(200, "application/json", shown("resp_of-" + id));
    }
  }

  private static String shown(String id) {
    return "{\"id\":\"" + id + "\",\"object\":\"response\",  \"output\":[]}";
  }

  private static String unknown(String id) {
    return "{\"error\":{\"message\":\"Response with id '" + id + "' not found.\"}}";
  }

  @Test
  void response_madeThroughOneRouter_isShownGoneOnFromAndDeletedThroughAnother() throws Exception {
    Engine a = engine("a");
    Router one = router(a.relay);
    Engine b = engine("b");
    Engine c = engine("c");
    assertThat(post(one, "{\"model\":\"m\",\"input\":\"Why?\"}").body()).contains(MADE_BY_A);

    Router two = router(a.relay, b.relay, c.relay);
    HttpResponse<String> shown = send(two, "GET", ABOUT, "");
    assertThat(shown.body()).isEqualTo(shown(MADE_BY_A));
    assertThat(servedBy(shown)).isEqualTo("a");

    Router three = router(c.relay, b.relay, a.relay);
    HttpResponse<String> next = post(three, GOES_ON.formatted(MADE_BY_A));
    assertThat(next.statusCode()).isEqualTo(200);
    assertThat(servedBy(next)).isEqualTo("a");

    Router four = router(b.relay, a.relay, c.relay);
    assertThat(servedBy(send(four, "POST", ABOUT + "/cancel", ""))).isEqualTo("a");
    Router five = router(b.relay, c.relay, a.relay);
    assertThat(send(five, "DELETE", ABOUT, "").statusCode()).isEqualTo(200);
    assertThat(a.kept).isEmpty();
    assertThat(send(two, "GET", ABOUT, "").body()).isEqualTo(unknown(MADE_BY_A));
  }

  @Test
  void home_onceFound_isNotLookedForAgain() throws Exception {
    Engine a = engine("a");
    Engine b = engine("b");
    a.kept.add(MADE_BY_A);
    Router router = router(a.relay, b.relay);
    for (int i = 0; i < 5; i++) {
      assertThat(send(router, "GET", ABOUT, "").statusCode()).isEqualTo(200);
    }
    assertThat(metrics(router))
        .contains("warmpath_http_response_searches_total{result=\"found\"} 1")
        .contains("warmpath_http_response_asked_total 2")
        .contains("warmpath_http_response_lookups_total{replica=\"known\"} 4")
        .contains("warmpath_http_response_lookups_total{replica=\"unknown\"} 1");
  }

  @Test
  void response_thatNobodyHas_getsTheEnginesAnswer_andIsLookedForOnceInAWhile() throws Exception {
    Engine a = engine("a");
    Engine b = engine("b");
    Router router = router(a.relay, b.relay);
    for (int i = 0; i < 3; i++) {
      HttpResponse<String> answer = send(router, "GET", "/v1/responses/resp_x", "");
      assertThat(answer.statusCode()).isEqualTo(404);
      assertThat(answer.body()).isEqualTo(unknown("resp_x"));
      assertThat(post(router, GOES_ON.formatted("resp_x")).body()).isEqualTo(unknown("resp_x"));
    }
    int requests = a.relay.requestsWaiting() + b.relay.requestsWaiting();
    String metrics = metrics(router);
    int searches = count(metrics, "searches_total{result=\"nowhere\"}");
    assertThat(searches + count(metrics, "searches_total{result=\"repeated\"}")).isEqualTo(6);
    assertThat(searches).isBetween(1, 5); // One, unless the six requests took two seconds.
    assertThat(requests).isEqualTo(6 + 2 * searches);
  }

  @Test
  void replicas_thatAreDeadRefuseOrStall_areAskedInVain() throws Exception {
    Engine a = engine("a");
    a.kept.add(MADE_BY_A);
    FakeRelay dead = relay("dead", FakeRelay.answers(200, "text/plain", "never"));
    dead.close();
    FakeRelay full = relay("full", FakeRelay.refuses(RefusalReason.REFUSAL_REASON_QUEUE_FULL));
    FakeRelay broken = relay("broken", FakeRelay.fails(503, "", "{}"));
    CountDownLatch never = new CountDownLatch(1);
    FakeRelay stalled = relay("stalled", (request, out) -> FakeRelay.await(never));
    for (List<FakeRelay> order :
        List.of(
            List.of(dead, full, broken, stalled, a.relay),
            List.of(a.relay, stalled, broken, full, dead))) {
      Router router = router(order.toArray(FakeRelay[]::new));
      assertThat(servedBy(send(router, "GET", ABOUT, ""))).isEqualTo("a");
    }
    a.kept.clear();
    Router router = router(dead, a.relay);
    assertThat(send(router, "GET", ABOUT, "").statusCode()).isEqualTo(404);
    assertThat(metrics(router)).contains("searches_total{result=\"unclear\"} 1");
    never.countDown();
  }

  @Test
  void replicaThatDoesNotAnswer_holdsTheRequestNoLongerThanTheLimit() throws Exception {
    Engine a = engine("a");
    CountDownLatch never = new CountDownLatch(1);
    FakeRelay stalled = relay("stalled", (request, out) -> FakeRelay.await(never));
    Router router = router(a.relay, stalled);
    String only = "{\"model\":\"m\",\"previous_response_id\":\"resp_x\"}";
    HttpRequest waiting = request(router, "POST", "/v1/responses", only).build();
    var answer = http.sendAsync(waiting, HttpResponse.BodyHandlers.ofString());
    stalled.nextRequest();
    assertThat(router.inFlight()).isEqualTo(1);
    Await.until(
        "the search is over",
        RouterHarness.LIMIT,
        () -> count(metrics(router), "searches_total{result=\"unclear\"}") == 1);
    never.countDown();
    answer.cancel(true);
  }

  @Test
  void client_thatLeaves_endsTheSearchAndIsNotServed() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    FakeRelay stalled = relay("stalled", (request, out) -> FakeRelay.await(never));
    FakeRelay too = relay("too", (request, out) -> FakeRelay.await(never));
    Router router = router(stalled, too);
    var answer =
        http.sendAsync(
            request(router, "GET", ABOUT, "").build(), HttpResponse.BodyHandlers.discarding());
    stalled.nextRequest();
    too.nextRequest();
    answer.cancel(true);
    Await.until("nothing in flight", RouterHarness.LIMIT, () -> router.inFlight() == 0);
    assertThat(metrics(router)).contains("searches_total{result=\"cancelled\"} 1");
    never.countDown();
    assertThat(stalled.requestsWaiting() + too.requestsWaiting()).isZero();
  }

  @Test
  void search_inALargeFleet_asksFewAtATimeAndEachOnce() throws Exception {
    List<Engine> engines = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      engines.add(engine("r" + i));
    }
    CountDownLatch free = new CountDownLatch(1);
    Set<String> asked = ConcurrentHashMap.newKeySet();
    for (Engine engine : engines) {
      engine.relay.script((request, out) -> {
        asked.add(request.envelope().getReplicaId());
        FakeRelay.await(free);
        FakeRelay.answers(404, "application/json", "{}").answer(request, out);
      });
    }
    Router router = router(engines.stream().map(engine -> engine.relay).toArray(FakeRelay[]::new));
    var answer =
        http.sendAsync(
            request(router, "GET", ABOUT, "").build(), HttpResponse.BodyHandlers.ofString());
    Await.until(
        "the first are asked", RouterHarness.LIMIT, () -> asked.size() == HomeSearch.MAX_AT_ONCE);
    assertThat(metrics(router))
        .contains("warmpath_http_response_asked_total " + HomeSearch.MAX_AT_ONCE);
    free.countDown();
    assertThat(answer.get().statusCode()).isEqualTo(404);
    assertThat(asked).hasSize(20);
    assertThat(metrics(router))
        .contains("searches_total{result=\"nowhere\"} 1")
        .contains("warmpath_http_response_asked_total 20");
  }

  @Test
  void requests_thatNeedNoSearch_causeNone() throws Exception {
    Engine a = engine("a");
    Engine b = engine("b");
    Router router = router(a.relay, b.relay);
    assertThat(send(router, "GET", "/v1/responses/resp_a%2f..", "").statusCode()).isEqualTo(404);
    assertThat(post(router, GOES_ON.formatted("resp_ x")).statusCode()).isEqualTo(404);
    assertThat(post(router, "{\"model\":\"m\",\"input\":\"Why?\"}").statusCode()).isEqualTo(200);
    HttpRequest chosen =
        request(router, "GET", "/v1/responses/resp_x", "").header("x-warmpath-only", "b").build();
    HttpResponse<String> ofB = http.send(chosen, HttpResponse.BodyHandlers.ofString());
    assertThat(ofB.headers().firstValue("x-warmpath-replica")).hasValue("b");
    Router single = router(a.relay);
    assertThat(send(single, "GET", "/v1/responses/resp_x", "").statusCode()).isEqualTo(404);
    for (Router each : List.of(router, single)) {
      assertThat(metrics(each)).contains("warmpath_http_response_asked_total 0");
    }
  }

  @Test
  void question_isTheClientsOwnAndGoesBeforeOthers() throws Exception {
    Engine a = engine("a");
    Engine b = engine("b");
    Router router = router(a.relay, b.relay);
    HttpRequest request =
        request(router, "POST", "/v1/responses", GOES_ON.formatted(MADE_BY_A))
            .header("authorization", "Bearer k")
            .header("content-type", "application/json")
            .header("x-request-id", "q1")
            .build();
    http.send(request, HttpResponse.BodyHandlers.ofString());
    FakeRelay.Request question = a.relay.nextRequest();
    assertThat(question.line()).isEqualTo("GET " + ABOUT + " HTTP/1.1");
    assertThat(question.headers())
        .containsEntry("authorization", "Bearer k")
        .containsEntry("x-request-id", "q1")
        .doesNotContainKey("content-type");
    assertThat(question.body()).isEmpty();
    assertThat(question.envelope().getReplicaId()).isEqualTo("a");
    assertThat(question.envelope().getRequest().getPriority()).isEqualTo(Integer.MIN_VALUE);
  }

  @Test
  void searches_areFewAtATime_andForgetWhatWasNowhereAfterAWhile() {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    HomeSearches searches = new HomeSearches(new SessionKeys("s"), registry);
    for (int i = 0; i < HomeSearches.MAX_RUNNING; i++) {
      assertThat(searches.begin("resp_" + i, 0)).isTrue();
    }
    assertThat(searches.begin("resp_more", 0)).isFalse();
    searches.ended("resp_0", HomeSearches.Result.NOWHERE, 5);
    assertThat(searches.begin("resp_0", 5 + HomeSearches.NOWHERE_NANOS - 1)).isFalse();
    assertThat(searches.begin("resp_0", 5 + HomeSearches.NOWHERE_NANOS)).isTrue();
    searches.ended("resp_0", HomeSearches.Result.UNCLEAR, 6);
    assertThat(searches.begin("resp_0", 7 + HomeSearches.NOWHERE_NANOS)).isTrue();
    assertThat(results(registry))
        .containsExactlyInAnyOrder("crowded 1", "repeated 1", "nowhere 1", "unclear 1");
  }

  private static Set<String> results(SimpleMeterRegistry registry) {
    return registry.find("warmpath.http.response.searches").counters().stream()
        .filter(counter -> counter.count() > 0)
        .map(counter -> counter.getId().getTag("result") + " " + (int) counter.count())
        .collect(Collectors.toSet());
  }

  // ---- harness

  private Engine engine(String id) throws IOException {
    Engine engine = new Engine(id);
    open.add(engine.relay);
    return engine;
  }

  private FakeRelay relay(String id, FakeRelay.Script script) throws IOException {
    FakeRelay relay = FakeRelay.start(id, script);
    open.add(relay);
    return relay;
  }

  private Router router(FakeRelay... relays) throws IOException {
    ReplicaReport[] reports =
        Arrays.stream(relays).map(FakeRelay::report).toArray(ReplicaReport[]::new);
    Router router =
        Router.start(
            RouterHarness.config(reports).withHttp(new RouterConfig.Listen("127.0.0.1", 0)));
    open.add(router);
    Await.until("the first view", RouterHarness.LIMIT, router::ready);
    return router;
  }

  private HttpResponse<String> post(Router router, String body) throws Exception {
    return send(router, "POST", "/v1/responses", body);
  }

  private HttpResponse<String> send(Router router, String method, String path, String body)
      throws Exception {
    return http.send(
        request(router, method, path, body).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static HttpRequest.Builder request(
      Router router, String method, String path, String body) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + router.httpPort() + path))
        .method(method, HttpRequest.BodyPublishers.ofString(body));
  }

  private static String servedBy(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.headers().firstValue("x-warmpath-replica").orElseThrow();
  }

  private String metrics(Router router) {
    try {
      return http.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + router.adminPort() + "/metrics"))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError(failed);
    }
  }

  /** The value of the HTTP door's counter whose name and labels end like this. */
  private static int count(String metrics, String name) {
    return metrics
        .lines()
        .filter(line -> line.startsWith("warmpath_http_response_" + name))
        .mapToInt(line -> (int) Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
