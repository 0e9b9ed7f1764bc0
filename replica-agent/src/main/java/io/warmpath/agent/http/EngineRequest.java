package io.warmpath.agent.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.time.Duration;

/**
 * One request to the engine.
 *
 * @param method its method
 * @param path path and query, beginning with a slash
 * @param headers headers beside {@code host} and {@code content-length}; not changed once given
 * @param body its body, empty for none; the exchange releases it
 * @param idleTimeout longest silence of the engine while the agent wants to read
 * @param totalTimeout longest time to the end of the answer
 */
public record EngineRequest(
    HttpMethod method,
    String path,
    HttpHeaders headers,
    ByteBuf body,
    Duration idleTimeout,
    Duration totalTimeout) {

  public EngineRequest {
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException("path: " + path);
    }
  }

  /** A GET that has to be complete within {@code timeout}. */
  public static EngineRequest get(String path, Duration timeout) {
    return new EngineRequest(
        HttpMethod.GET, path, EmptyHttpHeaders.INSTANCE, Unpooled.EMPTY_BUFFER, timeout, timeout);
  }
}
