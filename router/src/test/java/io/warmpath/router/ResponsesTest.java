package io.warmpath.router;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.Var;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.Unpooled;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.SeededCases;
import io.warmpath.v1.RefusalReason;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Requests about a response that an engine keeps go where it was made. */
final class ResponsesTest {

  private static final String WHOLE =
      "{\"id\":\"resp_0aF\",\"previous_response_id\":\"resp_9\",\"object\":\"response\"}";
  private static final String CREATED =
      "event: response.created\ndata: {\"response\":{\"id\":\"resp_0aF\",\"usage\":null}}\n\n";

  @Test
  void responseThatWasMade_isLookedForWhereItIs() throws Exception {
    for (FakeRelay.Script script :
        List.of(
            FakeRelay.answers(200, "application/json", WHOLE),
            FakeRelay.streams(CREATED, "data: {}\n\n"))) {
      try (FakeRelay full =
              FakeRelay.start("a", FakeRelay.refuses(RefusalReason.REFUSAL_REASON_QUEUE_FULL));
          FakeRelay relay = FakeRelay.start("b", script);
          RouterHarness harness = harness(full, relay)) {
        assertThat(allowed(harness, "POST", "/v1/responses", "{\"model\":\"m\"}")).isNull();

        String about = "/v1/responses/resp_0aF";
        assertThat(allowed(harness, "GET", about + "?stream=true", "")).containsExactly("b");
        assertThat(allowed(harness, "DELETE", about, "")).containsExactly("b");
        assertThat(allowed(harness, "POST", about + "/cancel", "")).containsExactly("b");
        assertThat(allowed(harness, "GET", about + "/input_items", "")).containsExactly("b");
        String goesOn = "{\"model\":\"m\",\"previous_response_id\":\"resp_0aF\"%s}";
        assertThat(allowed(harness, "POST", "/v1/responses", goesOn.formatted("")))
            .containsExactly("b");
        assertThat(
                allowed(
                    harness,
                    "POST",
                    "/v1/responses",
                    goesOn.formatted(",\"provider\":{\"only\":[\"a\",\"b\"]}")))
            .containsExactly("a", "b");
        String ofAnotherRouter = "/v1/responses/resp_9"; // Relay b, when asked, shows any.
        assertThat(allowed(harness, "GET", ofAnotherRouter, "")).containsExactly("b");
        assertThat(allowed(harness, "POST", "/v1/responses/render", "{}")).isNull();
        assertThat(harness.admin("/metrics"))
            .contains("warmpath_http_response_lookups_total{replica=\"known\"} 6")
            .contains("warmpath_http_response_lookups_total{replica=\"unknown\"} 1");
      }
    }
  }

  /** Sends a request that is served and returns the replicas that it was limited to. */
  private static @Nullable List<String> allowed(
      RouterHarness harness, String method, String path, String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + harness.router.httpPort() + path))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build();
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    }
    PickRequest.Constraints constraints =
        harness.placement.leases().getLast().request.constraints();
    return constraints == null ? null : constraints.only();
  }

  private static RouterHarness harness(FakeRelay... relays) throws Exception {
    ReplicaReport[] reports = new ReplicaReport[relays.length];
    for (int i = 0; i < relays.length; i++) {
      reports[i] = relays[i].report();
    }
    return new RouterHarness(
        RouterHarness.config(reports).withHttp(new RouterConfig.Listen("127.0.0.1", 0)));
  }

  @Test
  void id_isFoundHoweverTheAnswerIsCut() {
    SeededCases.run(
        200,
        random -> {
          assertThat(find(WHOLE, random)).containsExactly("resp_0aF");
          assertThat(find(CREATED, random)).containsExactly("resp_0aF");
          assertThat(find("{\"a\":\"resp_ 1\",\"\"resp\":\"\"resp_2\"}", random))
              .containsExactly("resp_2");
          assertThat(find("{\"a\":\"resp_" + "x".repeat(200) + "\"}", random)).isEmpty();
          assertThat(find(" ".repeat(4096) + WHOLE, random)).isEmpty();
        });
  }

  private static List<String> find(String text, SplittableRandom random) {
    ResponseIdFinder finder = new ResponseIdFinder();
    List<String> found = new ArrayList<>();
    byte[] bytes = text.getBytes(UTF_8);
    @Var int at = 0;
    while (at < bytes.length) {
      int length = Math.min(bytes.length - at, 1 + random.nextInt(bytes.length));
      String id = finder.look(Unpooled.wrappedBuffer(bytes, at, length));
      if (id != null) {
        found.add(id);
      }
      at += length;
    }
    return found;
  }

  @Test
  void homes_moreThanTheCapacity_keepTheNewestAndStayBounded() {
    ResponseHomes homes = new ResponseHomes(new SessionKeys("s"), new SimpleMeterRegistry());
    RoutingTable table = table(FakeAgent.report("r", "127.0.0.1:1", 1));
    ResponseHomes.Home home = new ResponseHomes.Home("m", "r");
    int count = 4 * ResponseHomes.CAPACITY;
    for (int i = 0; i < count; i++) {
      homes.remember("resp_" + i, home);
    }
    assertThat(homes.find("resp_" + (count - 1), table)).isEqualTo(home);
    @Var int newest = 0;
    @Var int all = 0;
    for (int i = 0; i < count; i++) {
      boolean found = homes.find("resp_" + i, table) != null;
      all += found ? 1 : 0;
      newest += found && i >= count - ResponseHomes.CAPACITY / 4 ? 1 : 0;
    }
    assertThat(all).isLessThanOrEqualTo(ResponseHomes.CAPACITY);
    // Four newer ones in the same four places, of a mean of one: 1.9 %, Poisson.
    assertThat(newest).isGreaterThan(ResponseHomes.CAPACITY / 4 * 95 / 100);
  }

  @Test
  void home_thatIsNotThere_isNone() {
    ResponseHomes homes = new ResponseHomes(new SessionKeys("s"), new SimpleMeterRegistry());
    homes.remember("resp_1", new ResponseHomes.Home("m", "gone"));
    assertThat(homes.find("resp_1", table(FakeAgent.report("r", "127.0.0.1:1", 1)))).isNull();
    homes.remember("resp_1", new ResponseHomes.Home("m", "r"));
    assertThat(homes.find("resp_1", table(FakeAgent.report("r", "127.0.0.1:1", 1))))
        .isEqualTo(new ResponseHomes.Home("m", "r"));
  }

  private static RoutingTable table(ReplicaReport report) {
    FleetView view = new FleetView(List.of(new FleetView.Observed(report, 0)), 1, 0);
    return new RoutingTable(1, 0, view, Map.of(), Map.of());
  }
}
