package io.warmpath.router;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What {@code GET /v1/models} answers: the union of the fleet, in OpenAI's form. */
final class ModelList {

  private ModelList() {}

  static String json(RoutingTable table) {
    StringBuilder models = new StringBuilder();
    for (String model : new TreeSet<>(table.models().keySet())) {
      append(models, model, null);
    }
    new TreeMap<>(table.adapters()).forEach((adapter, base) -> append(models, adapter, base));
    return "{\"object\":\"list\",\"data\":[" + models + "]}";
  }

  private static void append(StringBuilder models, String id, @Nullable String parent) {
    models
        .append(models.isEmpty() ? "" : ",")
        .append("{\"id\":")
        .append(quoted(id))
        .append(",\"object\":\"model\",\"created\":0,\"owned_by\":\"warmpath\",\"parent\":")
        .append(parent == null ? "null" : quoted(parent))
        .append('}');
  }

  private static String quoted(String text) {
    return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }
}
