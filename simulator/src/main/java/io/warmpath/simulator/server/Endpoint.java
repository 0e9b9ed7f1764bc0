package io.warmpath.simulator.server;

/** What answers the requests of one path, on the server's event loop. */
@FunctionalInterface
interface Endpoint {

  /**
   * Answers, now or later.
   *
   * @throws ApiException to answer with its error, if nothing was written yet
   */
  void handle(Exchange exchange) throws ApiException;
}
