package io.warmpath.router;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.testkit.SeededCases;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

/** Forms as clients write them, and damaged ones. */
final class FormModelTest {

  private static final String TYPE = "multipart/form-data; boundary=--b0";
  private static final String MODEL = part("form-data; name=\"model\"", "whisper");
  private static final String FILE =
      part(
          "form-data; name=\"file\"; filename=\"model\"",
          "\r\n\r\n\n--\r\n----b\r\nname=\"model\"\r\n\r\nno\r\n" + "\0é".repeat(10_000));

  private static String part(String disposition, String content) {
    return "----b0\r\nContent-Type: x/y\r\ncontent-disposition: %s\r\n\r\n%s\r\n"
        .formatted(disposition, content);
  }

  @Test
  void model_beforeOrBehindTheFile_isFound() {
    assertThat(find(TYPE, MODEL + FILE + "----b0--\r\n")).isEqualTo("whisper");
    assertThat(find(TYPE, FILE + MODEL + "----b0--\r\n")).isEqualTo("whisper");
    assertThat(find("Multipart/Form-Data;charset=utf-8;Boundary=\"--b0\"", FILE + MODEL))
        .isEqualTo("whisper");
    assertThat(find(TYPE, part("form-data; name=model", "é"))).isEqualTo("é");
  }

  @Test
  void model_ofWhatIsNoFormOrNamesNone_isNone() {
    assertThat(find(TYPE, FILE + "----b0--\r\n")).isEmpty();
    assertThat(find(TYPE, "")).isEmpty();
    assertThat(find("multipart/form-data", MODEL)).isEmpty();
    assertThat(find("multipart/mixed; boundary=--b0", MODEL)).isEmpty();
    assertThat(find("application/json", "{}")).isEmpty();
    assertThat(find("", "")).isEmpty();
    assertThat(find("multipart/form-data; boundary=other", MODEL)).isEmpty();
    assertThat(find(TYPE, part("form-data; name=\"model\"", "x".repeat(2_000)))).isEmpty();
  }

  @Test
  void model_behindMorePartsThanTheLimit_isNotLookedFor() {
    String other = part("form-data; name=\"a\"", "b");
    assertThat(find(TYPE, other.repeat(63) + MODEL)).isEqualTo("whisper");
    assertThat(find(TYPE, other.repeat(64) + MODEL)).isEmpty();
  }

  @Test
  void form_damagedAnywhere_isReadWithoutAFault() {
    byte[] good = (part("form-data; name=\"a\"", "b") + MODEL + "----b0--\r\n").getBytes(UTF_8);
    SeededCases.run(
        2_000,
        random -> {
          byte[] bad = good.clone();
          for (int i = random.nextInt(1, 4); i > 0; i--) {
            bad[random.nextInt(bad.length)] = (byte) random.nextInt();
          }
          String cut = new String(bad, 0, random.nextInt(bad.length), ISO_8859_1);
          assertThat(FormModel.find(TYPE, bad)).isNotNull();
          assertThat(find(TYPE, cut)).isNotNull();
        });
  }

  @Test
  void form_throughTheDoor_goesToTheModelThatItNames() throws Exception {
    try (FakeRelay relay = FakeRelay.start("a", FakeRelay.answers(200, "text/plain", "one"));
        RouterHarness harness =
            new RouterHarness(
                RouterHarness.config(relay.report())
                    .withHttp(new RouterConfig.Listen("127.0.0.1", 0)))) {
      String model = part("form-data; name=\"model\"", FakeAgent.MODEL);
      assertThat(send(harness, FILE + model).statusCode()).isEqualTo(200);
      HttpResponse<String> unknown = send(harness, FILE + MODEL);
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(unknown.body()).contains("model_not_found").contains("whisper");
    }
  }

  private static HttpResponse<String> send(RouterHarness harness, String form) throws Exception {
    URI uri =
        URI.create("http://127.0.0.1:" + harness.router.httpPort() + "/v1/audio/transcriptions");
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .header("content-type", TYPE)
            .POST(HttpRequest.BodyPublishers.ofString(form + "----b0--\r\n"))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  private static String find(String contentType, String body) {
    return FormModel.find(contentType, body.getBytes(UTF_8));
  }
}
