package io.warmpath.router;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.warmpath.router.prompt.PromptBody;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.tokenizer.TokenHead;
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
   * @param lengthEstimated whether the prompt's tokens are estimated, and not counted; all of the
   *     prompt is there
   */
  record Asked(
      ModelRoute route,
      PickRequest pick,
      AffinityInputs affinity,
      boolean unary,
      boolean lengthEstimated) {}

  BodyReader(RequestPath path, HttpRequest head) {
    this.path = path;
    this.head = head;
    this.generates = HttpPaths.generates(HttpPaths.path(head.uri()));
  }

  /**
   * A body that was read, all but the chain of its prompt.
   *
   * @param prompt what it says
   * @param named the model that it names, empty for none
   * @param canonical the prompt's canonical bytes, none for one that is not computed and kept
   * @param model whose it is
   * @param home where the response is that it is about, null where nobody knows
   * @param affinity what the client says of its session, tenant and cache key
   */
  @SuppressWarnings("ArrayRecordComponent") // A record for its shape; never compared or hashed.
  record Read(
      PromptBody prompt,
      String named,
      byte[] canonical,
      RoutingTable.Resolved model,
      ResponseHomes.@Nullable Home home,
      AffinityInputs affinity) {

    /** The text whose first tokens are wanted, or null for none. */
    @Nullable PromptText text() {
      return prompt.tokenIds() == null
          ? PromptText.of(model.route().encoder(), canonical, prompt.addsSpecialTokens())
          : null;
    }

    private PromptPrefixes.Scope scope() {
      return new PromptPrefixes.Scope(
          model.route().model(), model.adapter(), prompt.cacheSalt(), affinity.promptCacheKey());
    }
  }

  /** Reads {@code body}, which may be a form, or no JSON at all: then the engine says so. */
  Read read(byte[] body) throws RequestRefusedException {
    PromptBody prompt = PromptBody.parse(body);
    RoutingTable table = path.table().get();
    String needed = neededResponse(prompt);
    ResponseHomes.Home home = needed.isEmpty() ? null : path.responses().find(needed, table);
    String named = model(prompt, body);
    RoutingTable.Resolved model = resolve(named, home, table);
    AffinityInputs affinity = HttpInputs.affinity(head.headers(), prompt);
    byte[] canonical = generates ? prompt.canonicalBytes() : new byte[0];
    return new Read(prompt, named, canonical, model, home, affinity);
  }

  private String model(PromptBody prompt, byte[] body) {
    return prompt.malformed() && prompt.model().isEmpty()
        ? FormModel.find(head.headers().get(HttpHeaderNames.CONTENT_TYPE, ""), body)
        : prompt.model();
  }

  /** Returns what was read, now that {@code home} is known to have the response that it needs. */
  Read located(Read read, ResponseHomes.Home home) throws RequestRefusedException {
    RoutingTable.Resolved model = resolve(read.named, home, path.table().get());
    return new Read(read.prompt, read.named, read.canonical, model, home, read.affinity);
  }

  /** Returns what is asked for; {@code tokens} are the first of its text, or null without. */
  Asked asked(Read read, @Nullable TokenHead tokens) throws RequestRefusedException {
    PromptPrefix prefix = prefix(read, tokens);
    long session = generates ? session(read, tokens == null ? prefix : opening(read)) : 0;
    PickRequest pick =
        new PickRequest(
            prefix,
            session,
            constraints(read.prompt, read.home, read.model),
            unable(read.model),
            1);
    boolean counted =
        read.prompt.tokenIds() != null
            || (read.prompt.isText() && tokens != null && tokens.isWhole());
    boolean estimated = !counted && read.prompt.previousResponseId().isEmpty();
    return new Asked(read.model.route(), pick, read.affinity, !read.prompt.stream(), estimated);
  }

  /** The response that the request needs, where nobody here knows who has it; else null. */
  HomeSearch.@Nullable Wanted wanted(Read read) throws RequestRefusedException {
    String id = neededResponse(read.prompt);
    if (read.home != null
        || !HomeSearches.canAskFor(id)
        || constraints(read.prompt, null, read.model) != null) {
      return null;
    }
    return read.named.isEmpty()
        ? new HomeSearch.Wanted(id, "", List.of())
        : new HomeSearch.Wanted(id, read.model.route().model(), read.model.unable());
  }

  /** The key of what the client calls its session, else of the conversation's own opening. */
  private long session(Read read, PromptPrefix bytes) {
    String name = read.model.route().model();
    String tenant = read.affinity.tenant();
    if (!read.affinity.session().isEmpty()) {
      return path.sessions().key(tenant, name, read.affinity.session());
    }
    return path.sessions()
        .ofOpening(tenant, name, bytes, read.canonical, read.prompt.openingBytes());
  }

  /* A session's key is one of bytes, so that it is the same when a turn was not encoded. */
  private static PromptPrefix opening(Read read) {
    return read.model
        .route()
        .prefixes()
        .ofBytes(read.scope(), read.canonical, 0, read.prompt.openingBytes());
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
      String named, ResponseHomes.@Nullable Home home, RoutingTable table)
      throws RequestRefusedException {
    if (!named.isEmpty() || table.models().isEmpty()) {
      return table.resolve(named, "");
    }
    ModelRoute ofHome = home == null ? null : table.models().get(home.model());
    return new RoutingTable.Resolved(ofHome == null ? table.any() : ofHome, "", List.of());
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

  private PromptPrefix prefix(Read read, @Nullable TokenHead tokens) {
    PromptPrefixes.Scope scope = read.scope();
    ModelRoute route = read.model.route();
    PromptPrefix prefix =
        generates
            ? prompt(read.prompt, read.canonical, route.prefixes(), scope, tokens)
            : route.prefixes().ofBytes(scope, read.canonical, 0, read.canonical.length);
    return route.families().apply(prefix, scope, read.affinity.tenant());
  }

  /** Returns the prompt of a body, the config's rules left out. */
  static PromptPrefix prompt(
      PromptBody prompt,
      byte[] canonical,
      PromptPrefixes prefixes,
      PromptPrefixes.Scope scope,
      @Nullable TokenHead tokens) {
    int[] ids = prompt.tokenIds();
    return ids == null
        ? PromptText.prefix(prefixes, scope, canonical, tokens)
        : prefixes.ofTokens(scope, ids, ids.length);
  }
}
