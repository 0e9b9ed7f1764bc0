package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The names that requests may ask for: the model and its LoRA adapters. */
final class ServedModels {

  private final EngineServerSettings settings;
  private final Set<String> loraAdapters;
  private final long createdSeconds = Clock.unixSeconds();

  ServedModels(EngineServerSettings settings) {
    this.settings = settings;
    loraAdapters = new LinkedHashSet<>(settings.loraAdapters());
  }

  /** Returns the asked name, the model's own if none was given. */
  String check(@Nullable String name) throws ApiException {
    if (name == null || name.isEmpty()) {
      return settings.model();
    }
    if (!name.equals(settings.model()) && !loraAdapters.contains(name)) {
      throw ApiException.unknownModel(name);
    }
    return name;
  }

  /** Makes an adapter known; false if it was already. */
  boolean load(String adapter) {
    return loraAdapters.add(adapter);
  }

  /** Forgets an adapter; false if it was not known. */
  boolean unload(String adapter) {
    return loraAdapters.remove(adapter);
  }

  /** The body of {@code /v1/models}. */
  ObjectNode list() {
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    data.add(card(settings.model(), null).put("max_model_len", maxModelLen()));
    loraAdapters.forEach(
        adapter -> data.add(card(adapter, settings.model()).putNull("max_model_len")));
    return list;
  }

  private int maxModelLen() {
    return settings.profile().maxModelLenTokens();
  }

  private ObjectNode card(String id, @Nullable String parent) {
    ObjectNode card =
        Json.object()
            .put("id", id)
            .put("object", "model")
            .put("created", createdSeconds)
            .put("owned_by", "vllm")
            .put("root", id)
            .put("parent", parent);
    ObjectNode permission = card.putArray("permission").addObject();
    permission
        .put("id", "modelperm-" + RequestIds.random())
        .put("object", "model_permission")
        .put("created", createdSeconds)
        .put("allow_create_engine", false)
        .put("allow_sampling", true)
        .put("allow_logprobs", true)
        .put("allow_search_indices", false)
        .put("allow_view", true)
        .put("allow_fine_tuning", false)
        .put("organization", "*")
        .putNull("group")
        .put("is_blocking", false);
    return card;
  }
}
