package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PlacementConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a new config changes in a running router.
 *
 * @param effective the new config with the old values of what cannot change
 * @param needsRestart names of the settings that differ and cannot change
 * @param changes whether anything changes now
 */
record ConfigChange(RouterConfig effective, @Var List<String> needsRestart, boolean changes) {

  ConfigChange {
    needsRestart = List.copyOf(needsRestart);
  }

  /** Compares the config that a router runs by with the one that it was given. */
  static ConfigChange between(RouterConfig old, RouterConfig next) {
    List<String> fixed = new ArrayList<>();
    check("routerId", old.routerId(), next.routerId(), fixed);
    check("listen", old.grpc(), next.grpc(), fixed);
    check("http", old.http(), next.http(), fixed);
    check("admin", old.admin(), next.admin(), fixed);
    check("zookeeper", old.fleet(), next.fleet(), fixed);
    check("limits", old.limits(), next.limits(), fixed);
    check("upstream", old.upstream(), next.upstream(), fixed);
    check("tls", old.access().tls(), next.access().tls(), fixed);
    check("metering", old.metering(), next.metering(), fixed);
    check("sessionSecret", old.sessionSecret(), next.sessionSecret(), fixed);
    RouterConfig.Model defaultModel =
        merge("defaults", old.defaultModel(), next.defaultModel(), fixed);
    Map<String, RouterConfig.Model> models = new LinkedHashMap<>();
    next.models()
        .forEach((name, model) ->
            models.put(name, merge("models." + name, old.model(name), model, fixed)));
    RouterConfig effective =
        new RouterConfig(
            old.routerId(),
            old.grpc(),
            old.admin(),
            old.fleet(),
            defaultModel,
            models,
            old.limits(),
            old.upstream(),
            next.drainTimeout(),
            old.sessionSecret(),
            old.http(),
            next.families(),
            old.metering(),
            old.access().withTenants(next.access().tenants()));
    return new ConfigChange(effective, fixed, !effective.equals(old));
  }

  private static RouterConfig.Model merge(
      String path, RouterConfig.Model old, RouterConfig.Model next, List<String> fixed) {
    PlacementConfig was = old.placement();
    PlacementConfig will = next.placement();
    check(path + ".policy", old.policy(), next.policy(), fixed);
    check(path + ".prefix", was.prefix(), will.prefix(), fixed);
    check(path + ".tokenizer", old.tokenizer(), next.tokenizer(), fixed);
    check(path + ".ejection", was.ejection(), will.ejection(), fixed);
    check(path + ".anchorCapacity", was.anchors().capacity(), will.anchors().capacity(), fixed);
    check(
        path + ".traffic.halfLife",
        was.families().halfLifeSeconds(),
        will.families().halfLifeSeconds(),
        fixed);
    check(path + ".traffic.counters", was.families().counters(), will.families().counters(), fixed);
    return new RouterConfig.Model(
        old.policy(), was.changedTo(will), next.maxPromptTokens(), next.prices(), old.tokenizer());
  }

  private static void check(
      String name, @Nullable Object old, @Nullable Object next, List<String> fixed) {
    if (!Objects.equals(old, next)) {
      fixed.add(name);
    }
  }
}
