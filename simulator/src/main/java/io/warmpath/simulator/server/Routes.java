package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** Finds the endpoint of a request by path and method. */
final class Routes {

  private static final int NOT_FOUND = 404;
  private static final int NOT_ALLOWED = 405;

  private final Map<String, Map<String, Endpoint>> endpoints = new HashMap<>();

  Routes get(String path, Endpoint endpoint) {
    return add("GET", path, endpoint);
  }

  Routes post(String path, Endpoint endpoint) {
    return add("POST", path, endpoint);
  }

  /** Answers a request. */
  void dispatch(Exchange exchange) {
    Map<String, Endpoint> methods = endpoints.get(exchange.path());
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
