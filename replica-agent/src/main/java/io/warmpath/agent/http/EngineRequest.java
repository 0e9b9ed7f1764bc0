package io.warmpath.agent.http;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpMethod;
import java.time.Duration;
import java.util.Map;

/**
 * One request to the engine.
 *
 * @param method its method
 * @param path path and query, beginning with a slash
 * @param headers headers beside {@code host} and {@code content-length}
 * @param body its body, empty for none; the exchange releases it
 * @param idleTimeout longest silence of the engine while the agent wants to read
 * @param totalTimeout longest time to the end of the answer
 */
public record EngineRequest(
    HttpMethod method,
    String path,
    @Var Map<String, String> headers,
    ByteBuf body,
    Duration idleTimeout,
    Duration totalTimeout) {

  public EngineRequest {
    headers = Map.copyOf(headers);
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException("path: " + path);
    }
  }

  /** A GET that has to be complete within {@code timeout}. */
  public static EngineRequest get(String path, Duration timeout) {
    return new EngineRequest(
        HttpMethod.GET, path, Map.of(), Unpooled.EMPTY_BUFFER, timeout, timeout);
  }
}
