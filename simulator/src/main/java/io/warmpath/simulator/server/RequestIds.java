package io.warmpath.simulator.server;

import java.util.UUID;

/** Ids of answers, as vLLM makes them. */
final class RequestIds {

  private RequestIds() {}

  /**
   * Returns {@code prefix} with the id of the {@code X-Request-Id} header, else of the body's
   * {@code request_id}, else a random one.
   */
  static String of(Exchange exchange, RequestFields fields, String prefix) throws ApiException {
    String header = exchange.header("x-request-id");
    String given = header == null ? fields.string("request_id") : header;
    return prefix + (given == null ? random() : given);
  }

  static String random() {
    return UUID.randomUUID().toString().replace("-", "");
  }
}
