package io.warmpath.agent;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/**
 * Metrics, health and readiness over HTTP, for scrapers and probes. Apart from the data path: one
 * thread of its own.
 */
final class AdminServer implements AutoCloseable {

  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
  private static final int HTTP_OK = 200;
  private static final int HTTP_UNAVAILABLE = 503;

  private final HttpServer server;
  private final ExecutorService thread;

  private AdminServer(HttpServer server, ExecutorService thread) {
    this.server = server;
    this.thread = thread;
  }

  /**
   * Starts listening.
   *
   * @param ready whether a replica takes requests
   * @param drain takes no more requests and returns when those that run have ended; bounded in time
   * @throws IOException when the address cannot be listened on
   */
  static AdminServer start(
      AgentConfig.Endpoint endpoint,
      PrometheusMeterRegistry registry,
      BooleanSupplier ready,
      Runnable drain)
      throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(endpoint.host(), endpoint.port()), 0);
    ExecutorService thread =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("warmpath-agent-admin").daemon().factory());
    server.setExecutor(thread);
    server.createContext("/metrics", exchange -> respond(exchange, HTTP_OK, registry.scrape()));
    server.createContext("/health", exchange -> respond(exchange, HTTP_OK, "ok\n"));
    server.createContext(
        "/ready",
        exchange -> {
          boolean isReady = ready.getAsBoolean();
          respond(
              exchange,
              isReady ? HTTP_OK : HTTP_UNAVAILABLE,
              isReady ? "ready\n" : "no replica takes requests\n");
        });
    // For a hook that runs before the engine is stopped, which waits for the answer.
    server.createContext(
        "/drain",
        exchange ->
            Thread.ofVirtual()
                .start(() -> {
                  drain.run();
                  respondQuietly(exchange, "drained\n");
                }));
    server.start();
    return new AdminServer(server, thread);
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    thread.shutdownNow();
  }

  private static void respondQuietly(HttpExchange exchange, String text) {
    try {
      respond(exchange, HTTP_OK, text);
    } catch (IOException gone) {
      // Who asked did not wait for the answer; the drain is done all the same.
      exchange.close();
    }
  }

  private static void respond(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("content-type", TEXT);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }
}
