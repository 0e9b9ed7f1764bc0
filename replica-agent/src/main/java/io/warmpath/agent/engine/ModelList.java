package io.warmpath.agent.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.warmpath.routing.ReplicaReport.ServedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the answer of {@code /v1/models}. An entry with a parent is an adapter of that model. */
public final class ModelList {

  /* What a replica's record has room for. */
  private static final int MAX_MODELS = 64;
  private static final int MAX_ADAPTERS = 256;
  private static final int MAX_ID_LENGTH = 256;

  private static final int MAX_ENTRIES = 4096;

  private ModelList() {}

  /**
   * Returns the models of {@code page}, at most 64, with their adapters, at most 256 each.
   *
   * @throws MalformedMetricsException when the page is not a list of models
   */
  public static List<ServedModel> parse(byte[] page) throws MalformedMetricsException {
    Map<String, Integer> lengths = new LinkedHashMap<>();
    Map<String, List<String>> adapters = new LinkedHashMap<>();
    JsonNode data = read(page).path("data");
    if (!data.isArray() || data.size() > MAX_ENTRIES) {
      throw new MalformedMetricsException("/v1/models has no list 'data'");
    }
    for (JsonNode entry : data) {
      String id = entry.path("id").asText("");
      String parent = entry.path("parent").asText("");
      if (id.isEmpty() || id.length() > MAX_ID_LENGTH) {
        throw new MalformedMetricsException("/v1/models has an entry without a usable id");
      }
      if (parent.isEmpty() || entry.path("parent").isNull()) {
        lengths.put(id, Math.max(0, entry.path("max_model_len").asInt(0)));
      } else {
        adapters.computeIfAbsent(parent, any -> new ArrayList<>()).add(id);
      }
    }
    List<ServedModel> models = new ArrayList<>();
    lengths.forEach(
        (id, length) -> models.add(new ServedModel(id, length, adaptersOf(id, lengths, adapters))));
    return models.subList(0, Math.min(models.size(), MAX_MODELS));
  }

  /** Adapters may name as their parent a path instead of the served name: they are everybody's. */
  private static List<String> adaptersOf(
      String id, Map<String, Integer> lengths, Map<String, List<String>> adapters) {
    List<String> found = new ArrayList<>();
    adapters.forEach((parent, names) -> {
      if (parent.equals(id) || !lengths.containsKey(parent)) {
        found.addAll(names);
      }
    });
    return found.subList(0, Math.min(found.size(), MAX_ADAPTERS));
  }

  private static JsonNode read(byte[] page) throws MalformedMetricsException {
    try {
      JsonNode root = Json.MAPPER.readTree(page);
      return root == null ? Json.MAPPER.missingNode() : root;
    } catch (JsonProcessingException malformed) {
      throw new MalformedMetricsException("/v1/models is not JSON");
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
