package io.warmpath.router;

import io.netty.handler.codec.http.HttpRequest;
import io.warmpath.router.prompt.PromptBody;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads from one HTTP request what its placement is decided on. */
final class BodyReader {

  private final RequestPath path;
  private final HttpRequest head;
  private final boolean generates;

  /**
   * What a request asks for.
   *
   * @param route its model
   * @param pick what to decide on
   * @param affinity what the client says of its session, tenant and cache key
   * @param unary whether the answer comes whole
   * @param lengthEstimated whether the prompt's tokens are estimated from its bytes, all of which
   *     are there
   * @param wanted the response that it needs, where nobody here knows who has it; else null
   */
  record Asked(
      ModelRoute route,
      PickRequest pick,
      AffinityInputs affinity,
      boolean unary,
      boolean lengthEstimated,
      HomeSearch.@Nullable Wanted wanted) {}

  BodyReader(RequestPath path, HttpRequest head) {
    this.path = path;
    this.head = head;
    this.generates = HttpPaths.generates(HttpPaths.path(head.uri()));
  }

  /** Reads {@code body}, which may be no JSON at all: then the engine says so. */
  Asked read(byte[] body) throws RequestRefusedException {
    return read(body, null);
  }

  /** Reads it where {@code found} has the response that it needs; null when nobody looked. */
  Asked read(byte[] body, ResponseHomes.@Nullable Home found) throws RequestRefusedException {
    PromptBody prompt = PromptBody.parse(body);
    RoutingTable table = path.table().get();
    String needed = neededResponse(prompt);
    ResponseHomes.Home home =
        found != null || needed.isEmpty() ? found : path.responses().find(needed, table);
    RoutingTable.Resolved model = resolve(prompt, home, table);
    AffinityInputs affinity = HttpInputs.affinity(head.headers(), prompt);
    byte[] canonical = generates ? prompt.canonicalBytes() : new byte[0];
    PromptPrefix prefix = prefix(prompt, canonical, model, affinity);
    long session = generates ? session(prompt, canonical, prefix, model, affinity) : 0;
    PickRequest pick =
        new PickRequest(prefix, session, constraints(prompt, home, model), unable(model), 1);
    boolean lost = home == null && pick.constraints() == null && HomeSearches.canAskFor(needed);
    return new Asked(
        model.route(),
        pick,
        affinity,
        !prompt.stream(),
        prompt.tokenIds() == null && prompt.previousResponseId().isEmpty(),
        lost ? wanted(needed, prompt, model) : null);
  }

  private static HomeSearch.Wanted wanted(
      String id, PromptBody prompt, RoutingTable.Resolved model) {
    return prompt.model().isEmpty()
        ? new HomeSearch.Wanted(id, "", List.of())
        : new HomeSearch.Wanted(id, model.route().model(), model.unable());
  }

  /** The key of what the client calls its session, else of the conversation's own opening. */
  private long session(
      PromptBody prompt,
      byte[] canonical,
      PromptPrefix prefix,
      RoutingTable.Resolved model,
      AffinityInputs affinity) {
    String name = model.route().model();
    if (!affinity.sessionId().isEmpty()) {
      return path.sessions().key(affinity.tenant(), name, affinity.sessionId());
    }
    return path.sessions()
        .ofOpening(affinity.tenant(), name, prefix, canonical, prompt.openingBytes());
  }

  /** The id of the response that the request is about or goes on from, empty for none. */
  private String neededResponse(PromptBody prompt) {
    String target = HttpPaths.path(head.uri());
    return HttpPaths.makesResponse(target)
        ? prompt.previousResponseId()
        : HttpPaths.responseId(target);
  }

  /* Without a model any engine can say what is wrong, in its own words. */
  private static RoutingTable.Resolved resolve(
      PromptBody prompt, ResponseHomes.@Nullable Home home, RoutingTable table)
      throws RequestRefusedException {
    if (!prompt.model().isEmpty() || table.models().isEmpty()) {
      return table.resolve(prompt.model(), "");
    }
    ModelRoute ofHome = home == null ? null : table.models().get(home.model());
    ModelRoute any = table.models().values().iterator().next();
    return new RoutingTable.Resolved(ofHome == null ? any : ofHome, "", List.of());
  }

  /** The client's own constraints, else the replica of the response that the request needs. */
  private PickRequest.@Nullable Constraints constraints(
      PromptBody prompt, ResponseHomes.@Nullable Home home, RoutingTable.Resolved model)
      throws RequestRefusedException {
    PickRequest.Constraints given = HttpInputs.constraints(head.headers(), prompt);
    if (given != null || home == null || !home.model().equals(model.route().model())) {
      return given;
    }
    return new PickRequest.Constraints(List.of(home.replicaId()), List.of(), List.of(), false);
  }

  /** Replicas that cannot serve this: they lack the adapter, or their agent the relay. */
  private static List<String> unable(RoutingTable.Resolved model) {
    List<String> withoutRelay = model.route().missingRelay();
    return withoutRelay.isEmpty()
        ? model.unable()
        : Stream.concat(model.unable().stream(), withoutRelay.stream()).distinct().toList();
  }

  private PromptPrefix prefix(
      PromptBody prompt, byte[] canonical, RoutingTable.Resolved model, AffinityInputs affinity) {
    PromptPrefixes.Scope scope =
        new PromptPrefixes.Scope(
            model.route().model(), model.adapter(), prompt.cacheSalt(), affinity.promptCacheKey());
    PromptPrefixes prefixes = model.route().prefixes();
    PromptPrefix read =
        generates
            ? prompt(prompt, canonical, prefixes, scope)
            : prefixes.ofBytes(scope, canonical, 0, canonical.length);
    return model.route().families().apply(read, scope, affinity.tenant());
  }

  /** Returns the prompt of a body, the config's rules left out. */
  static PromptPrefix prompt(
      PromptBody prompt, byte[] canonical, PromptPrefixes prefixes, PromptPrefixes.Scope scope) {
    int[] ids = prompt.tokenIds();
    if (ids != null) {
      return prefixes.ofTokens(scope, ids, ids.length);
    }
    return prefixes.ofBytes(scope, canonical, 0, canonical.length);
  }
}
