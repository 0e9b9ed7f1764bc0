package io.warmpath.router;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/** The admin door: {@code /metrics}, {@code /health} and {@code /ready} over plain HTTP. */
final class AdminServer implements AutoCloseable {

  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
  private static final int BACKLOG = 64;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private AdminServer(HttpServer server) {
    this.server = server;
  }

  /**
   * Starts the door.
   *
   * @param ready whether the router can serve now
   * @throws IOException when the port is taken
   */
  static AdminServer start(
      RouterConfig.Listen listen, PrometheusMeterRegistry registry, BooleanSupplier ready)
      throws IOException {
    InetSocketAddress address = new InetSocketAddress(listen.host(), listen.port());
    AdminServer admin = new AdminServer(HttpServer.create(address, BACKLOG));
    admin.server.setExecutor(admin.threads);
    admin.serve("/metrics", exchange -> answer(exchange, 200, PROMETHEUS, registry.scrape()));
    admin.serve("/health", exchange -> answer(exchange, 200, TEXT, "ok\n"));
    admin.serve(
        "/ready",
        exchange -> {
          boolean isReady = ready.getAsBoolean();
          answer(exchange, isReady ? 200 : 503, TEXT, isReady ? "ready\n" : "no ready replica\n");
        });
    admin.server.start();
    return admin;
  }

  /** The port that it listens on. */
  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  /** One path of the door. */
  @FunctionalInterface
  private interface Page {
    void answer(HttpExchange exchange) throws IOException;
  }

  private void serve(String path, Page page) {
    server.createContext(
        path,
        exchange -> {
          try (exchange) {
            if (!exchange.getRequestURI().getPath().equals(path)) {
              answer(exchange, 404, TEXT, "not found\n");
            } else if (!exchange.getRequestMethod().equals("GET")) {
              answer(exchange, 405, TEXT, "only GET\n");
            } else {
              page.answer(exchange);
            }
          }
        });
  }

  private static void answer(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
