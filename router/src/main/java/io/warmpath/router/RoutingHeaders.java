package io.warmpath.router;

import io.grpc.Metadata;
import io.warmpath.routing.PickRequest;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a client says of its session and of the replicas it wants in headers of HTTP or metadata of
 * gRPC, which have the same names.
 */
final class RoutingHeaders {

  static final String TENANT = "x-tenant-id";
  static final String PROMPT_CACHE_KEY = "x-prompt-cache-key";

  /** Names under which clients and agent harnesses send a session; the first given one wins. */
  private static final List<String> SESSION =
      List.of(
          "x-session-affinity",
          "x-session-id",
          "x-grok-conv-id",
          "x-dynamo-session-id",
          "session-id",
          "x-conversation-id");

  private static final String ONLY = "x-warmpath-only";
  private static final String IGNORE = "x-warmpath-ignore";
  private static final String ORDER = "x-warmpath-order";
  private static final String ALLOW_FALLBACKS = "x-warmpath-allow-fallbacks";
  private static final String SORT = "x-warmpath-sort";
  private static final int MAX_REPLICAS = 256;

  private static final Map<String, Metadata.Key<String>> METADATA =
      Stream.concat(
              SESSION.stream(),
              Stream.of(TENANT, PROMPT_CACHE_KEY, ONLY, IGNORE, ORDER, ALLOW_FALLBACKS, SORT))
          .collect(
              Collectors.toUnmodifiableMap(
                  name -> name, name -> Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER)));

  private RoutingHeaders() {}

  /**
   * Explicit routing that a message itself gives.
   *
   * @param sort what the best replica is, as written; empty for nothing
   */
  record Given(
      List<String> only,
      List<String> ignore,
      List<String> order,
      boolean allowFallbacks,
      String sort) {

    /** A message that gives none. */
    static final Given NOTHING = new Given(List.of(), List.of(), List.of(), true, "");
  }

  /** Returns a look at metadata by the names above. */
  static Function<String, @Nullable String> of(Metadata metadata) {
    return name -> {
      Metadata.Key<String> key = METADATA.get(name);
      return key == null ? null : metadata.get(key);
    };
  }

  /** Returns the session that the headers name, empty for none. */
  static String session(Function<String, @Nullable String> headers) {
    for (String name : SESSION) {
      String value = headers.apply(name);
      if (value != null && !value.isEmpty()) {
        return value;
      }
    }
    return "";
  }

  /** Returns the header's value, empty when it is absent. */
  static String value(Function<String, @Nullable String> headers, String name) {
    String value = headers.apply(name);
    return value == null ? "" : value;
  }

  /** Returns the explicit routing of headers, each over what the message gives, or null. */
  static PickRequest.@Nullable Constraints constraints(
      Function<String, @Nullable String> headers, Given given) throws RequestRefusedException {
    List<String> only = list(headers, ONLY, given.only);
    List<String> ignore = list(headers, IGNORE, given.ignore);
    List<String> order = list(headers, ORDER, given.order);
    PickRequest.Sort sort = sort(headers, given.sort);
    if (only.isEmpty() && ignore.isEmpty() && order.isEmpty() && sort == null) {
      return null;
    }
    if (only.size() > MAX_REPLICAS || ignore.size() > MAX_REPLICAS || order.size() > MAX_REPLICAS) {
      throw RequestRefusedException.badField(
          "provider", "names more than " + MAX_REPLICAS + " replicas");
    }
    boolean fallbacks = fallbacks(value(headers, ALLOW_FALLBACKS), given.allowFallbacks);
    return new PickRequest.Constraints(only, ignore, order, fallbacks, sort);
  }

  private static boolean fallbacks(String header, boolean given) throws RequestRefusedException {
    if (header.isEmpty()) {
      return given;
    }
    boolean allowed = header.equalsIgnoreCase("true");
    if (!allowed && !header.equalsIgnoreCase("false")) {
      throw RequestRefusedException.badField(
          ALLOW_FALLBACKS, "is '" + Text.shown(header) + "'; allowed are true and false");
    }
    return allowed;
  }

  private static PickRequest.@Nullable Sort sort(
      Function<String, @Nullable String> headers, String given) throws RequestRefusedException {
    String header = value(headers, SORT);
    String value = header.isEmpty() ? given : header;
    String field = header.isEmpty() ? "provider.sort" : SORT;
    return switch (value) {
      case "" -> null;
      case "latency" -> PickRequest.Sort.LATENCY;
      case "throughput" -> PickRequest.Sort.THROUGHPUT;
      default ->
          throw RequestRefusedException.badField(
              field,
              "is '"
                  + Text.shown(value)
                  + "'; allowed are latency and throughput"
                  + (value.equals("price") ? ", since replicas have no prices" : ""));
    };
  }

  private static List<String> list(
      Function<String, @Nullable String> headers, String name, List<String> otherwise) {
    String value = headers.apply(name);
    if (value == null) {
      return otherwise;
    }
    return value.isBlank() ? List.of() : List.of(value.strip().split("\\s*,\\s*", -1));
  }
}
