package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A client of an engine's HTTP surface, for tests. */
final class EngineClient implements AutoCloseable {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final URI url;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();

  EngineClient(URI url) {
    this.url = url;
  }

  HttpResponse<String> get(String path) {
    return send(request(path).GET().build());
  }

  HttpResponse<String> post(String path, String body, String... headers) {
    HttpRequest.Builder request =
        request(path).POST(HttpRequest.BodyPublishers.ofString(quotes(body)));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return send(request.build());
  }

  JsonNode postJson(String path, String body) {
    HttpResponse<String> response = post(path, body);
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + ": " + response.body());
    }
    return json(response.body());
  }

  /** Posts, and returns the data of all events. */
  List<String> stream(String path, String body) {
    List<String> events = new ArrayList<>();
    for (String line : post(path, body).body().split("\n", -1)) {
      if (line.startsWith("data: ")) {
        events.add(line.substring("data: ".length()));
      }
    }
    return events;
  }

  /** Posts, and returns the lines of the answer as they come; closing it leaves the server. */
  Stream<String> open(String path, String body) throws IOException, InterruptedException {
    return client
        .send(
            request(path).POST(HttpRequest.BodyPublishers.ofString(quotes(body))).build(),
            BodyHandlers.ofLines())
        .body();
  }

  /** Posts without waiting for the answer. */
  java.util.concurrent.CompletableFuture<HttpResponse<InputStream>> postAsync(
      String path, String body) {
    return client.sendAsync(
        request(path).POST(HttpRequest.BodyPublishers.ofString(quotes(body))).build(),
        BodyHandlers.ofInputStream());
  }

  static JsonNode json(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (IOException e) {
      throw new AssertionError("not JSON: " + text, e);
    }
  }

  /** Lets tests write JSON with single quotes. */
  static String quotes(String json) {
    return json.replace('\'', '"');
  }

  @Override
  public void close() {
    client.shutdownNow();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(30));
  }

  private HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError("no answer from " + request.uri(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
