package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Finds the endpoint of a request by path and method. */
final class Routes {

  private static final int NOT_FOUND = 404;
  private static final int NOT_ALLOWED = 405;

  private final Map<String, Map<String, Endpoint>> endpoints = new HashMap<>();
  private final Map<String, PathEndpoint> below = new TreeMap<>();

  Routes get(String path, Endpoint endpoint) {
    return add("GET", path, endpoint);
  }

  Routes post(String path, Endpoint endpoint) {
    return add("POST", path, endpoint);
  }

  /** Answers all that is below {@code path}, which ends in a slash, by GET and POST. */
  Routes below(String path, PathEndpoint endpoint) {
    below.put(path, endpoint);
    return this;
  }

  /** Answers a request whose path goes on from an endpoint's own. */
  interface PathEndpoint {

    /** Answers a request, {@code rest} being its path without the endpoint's. */
    void handle(Exchange exchange, String rest) throws ApiException;
  }

  private @Nullable Map<String, Endpoint> methods(String path) {
    Map<String, Endpoint> exact = endpoints.get(path);
    if (exact != null) {
      return exact;
    }
    for (Map.Entry<String, PathEndpoint> each : below.entrySet()) {
      if (path.startsWith(each.getKey())) {
        String rest = path.substring(each.getKey().length());
        Endpoint found = exchange -> each.getValue().handle(exchange, rest);
        return Map.of("GET", found, "POST", found);
      }
    }
    return null;
  }

  /** Answers a request. */
  void dispatch(Exchange exchange) {
    Map<String, Endpoint> methods = methods(exchange.path());
    if (methods == null) {
      exchange.json(NOT_FOUND, detail("Not Found"));
      return;
    }
    Endpoint endpoint = methods.get(exchange.method());
    if (endpoint == null) {
      exchange.json(NOT_ALLOWED, detail("Method Not Allowed"));
      return;
    }
    try {
      endpoint.handle(exchange);
    } catch (ApiException e) {
      exchange.error(e);
    }
  }

  private Routes add(String method, String path, Endpoint endpoint) {
    endpoints.computeIfAbsent(path, key -> new TreeMap<>()).put(method, endpoint);
    return this;
  }

  /** The form of errors that come before any endpoint. */
  private static ObjectNode detail(String text) {
    return Json.object().put("detail", text);
  }
}
