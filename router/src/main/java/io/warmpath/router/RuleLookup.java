package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.warmpath.router.prompt.PromptBody;
import io.warmpath.routing.Decision;
import io.warmpath.routing.FleetView;
import io.warmpath.routing.PickRequest;
import io.warmpath.routing.Placements;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.PromptPrefix;
import io.warmpath.routing.PromptPrefixes;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.Ticker;
import io.warmpath.tokenizer.HeadEncoder;
import io.warmpath.tokenizer.ModelTokenizer;
import io.warmpath.tokenizer.TokenHead;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Says which rule of a config a request falls under, without a running router. Thread-safe. */
public final class RuleLookup {

  private static final double LONG_READY_SECONDS = 1e6;
  private static final PrefillSpeed ANY_SPEED = new PrefillSpeed(20_000, 0.01);

  private final RouterConfig config;

  /** Looks up in {@code config}. */
  public RuleLookup(RouterConfig config) {
    this.config = config;
  }

  /**
   * What a request falls under.
   *
   * @param prompt the prompt, with the family and the settings that the rule gives it
   * @param rule the rule, or null when none matches
   * @param model how the model is served
   */
  public record Found(PromptPrefix prompt, @Nullable FamilyRule rule, RouterConfig.Model model) {}

  /**
   * A replica that may be there.
   *
   * @param id its id
   * @param labels its labels
   */
  public record Replica(String id, @Var Map<String, String> labels) {

    public Replica {
      labels = Map.copyOf(labels);
    }
  }

  /**
   * Looks a request up.
   *
   * @param body an OpenAI or Anthropic style body
   * @param tenant who asks, empty for nobody in particular
   * @throws IllegalArgumentException when the body is no request, in one sentence
   * @throws IOException when the model's tokenizer cannot be used, in one sentence
   */
  public Found find(byte[] body, String tenant) throws IOException {
    PromptBody request = PromptBody.parse(body);
    if (request.malformed() || request.model().isEmpty()) {
      throw new IllegalArgumentException(
          request.malformed() ? "the request is no JSON object" : "the request names no model");
    }
    AffinityInputs affinity;
    try {
      affinity = HttpInputs.affinity(new DefaultHttpHeaders(), request);
    } catch (RequestRefusedException refused) {
      throw new IllegalArgumentException(refused.failure().message(), refused);
    }
    RouterConfig.Model model = config.model(request.model());
    PromptPrefixes prefixes = new PromptPrefixes(model.placement().prefix());
    PromptPrefixes.Scope scope =
        new PromptPrefixes.Scope(
            request.model(), "", request.cacheSalt(), affinity.promptCacheKey());
    HeadEncoder encoder = encoder(model, prefixes);
    byte[] canonical = request.canonicalBytes();
    TokenHead head =
        encoder == null || request.tokenIds() != null || canonical.length == 0
            ? null
            : encoder.encode(canonical, request.addsSpecialTokens());
    PromptPrefix prompt = BodyReader.prompt(request, canonical, prefixes, scope, head);
    FamilyRules rules =
        FamilyRules.of(config.families(), request.model(), model.placement(), prefixes, encoder);
    return new Found(rules.apply(prompt, scope, tenant), rules.find(prompt, scope, tenant), model);
  }

  private static @Nullable HeadEncoder encoder(RouterConfig.Model model, PromptPrefixes prefixes)
      throws IOException {
    Path file = model.tokenizer();
    return file == null ? null : Tokenizers.encoder(ModelTokenizer.read(file), prefixes);
  }

  /**
   * Returns the ids of the family's replica set among idle replicas, in its order, as it is before
   * the family has any traffic.
   */
  public List<String> replicaSet(Found found, List<Replica> replicas) {
    io.warmpath.routing.Placement placement =
        Placements.create(found.model.policy(), found.model.placement(), Ticker.system(), 0);
    long now = Ticker.system().nanos();
    placement.update(
        new FleetView(
            replicas.stream().map(replica -> new FleetView.Observed(idle(replica), now)).toList(),
            1,
            0));
    Decision decision = placement.picker().explain(PickRequest.of(found.prompt));
    List<String> set = new ArrayList<>();
    for (Decision.Candidate candidate : decision.candidates()) {
      if (candidate.sources().contains(Decision.Source.REPLICA_SET)) {
        set.add(candidate.replicaId());
      }
    }
    return set;
  }

  private static ReplicaReport idle(Replica replica) {
    return new ReplicaReport(
        new ReplicaReport.Identity(replica.id, "", List.of(), replica.labels, 1),
        1,
        1,
        ReplicaReport.State.READY,
        LONG_READY_SECONDS,
        ReplicaReport.Load.IDLE,
        new ReplicaReport.Cache(0, 0, 0, 0, Double.POSITIVE_INFINITY),
        ANY_SPEED,
        List.of(),
        RecentAnchors.NONE,
        new ReplicaReport.Totals(0, 0, 0));
  }
}
