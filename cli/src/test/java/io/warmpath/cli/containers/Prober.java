package io.warmpath.cli.containers;

import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.Probe;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Objects;
import java.util.function.ToIntFunction;

/** Asks a container what its probes ask. */
final class Prober {

  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(1))
          .build();

  private Prober() {}

  /** Returns how long a probe waits for its answer: a second, unless it says otherwise. */
  static Duration timeout(Probe probe) {
    return Duration.ofSeconds(Objects.requireNonNullElse(probe.getTimeoutSeconds(), 1));
  }

  /**
   * Returns whether the container passes.
   *
   * @param ports from a port's name or number to where it is reached on this machine
   */
  static boolean passes(Probe probe, ToIntFunction<String> ports) throws InterruptedException {
    if (probe.getTcpSocket() != null) {
      return connects(ports.applyAsInt(portOf(probe.getTcpSocket().getPort())), timeout(probe));
    }
    return get(probe.getHttpGet(), ports, timeout(probe));
  }

  /** Returns whether an HTTP request is answered with success within {@code limit}. */
  static boolean get(HTTPGetAction call, ToIntFunction<String> ports, Duration limit)
      throws InterruptedException {
    URI uri =
        URI.create(
            "http://" + Pod.HOST + ":" + ports.applyAsInt(portOf(call.getPort())) + call.getPath());
    try {
      int status =
          HTTP.send(HttpRequest.newBuilder(uri).timeout(limit).build(), BodyHandlers.discarding())
              .statusCode();
      return status >= 200 && status < 400;
    } catch (IOException unanswered) {
      return false;
    }
  }

  private static boolean connects(int port, Duration limit) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(Pod.HOST, port), Math.toIntExact(limit.toMillis()));
      // The engine's own proxy accepts for a container that does not, and ends it at once.
      socket.setSoTimeout(100);
      return socket.getInputStream().read() >= 0;
    } catch (java.net.SocketTimeoutException silent) {
      return true;
    } catch (IOException refused) {
      return false;
    }
  }

  private static String portOf(io.fabric8.kubernetes.api.model.IntOrString port) {
    return port.getStrVal() != null ? port.getStrVal() : port.getIntVal().toString();
  }
}
