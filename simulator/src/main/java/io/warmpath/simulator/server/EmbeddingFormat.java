package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.Var;
import io.warmpath.simulator.engine.BlockHash;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;

/** Answers of {@code /v1/embeddings}: vectors of length 1, the same for the same input. */
final class EmbeddingFormat implements ResponseFormat {

  private final Generation generation;
  private final String id;
  private final int dimensions;
  private final boolean base64;

  EmbeddingFormat(Generation generation, String id, int dimensions, boolean base64) {
    this.generation = generation;
    this.id = id;
    this.dimensions = dimensions;
    this.base64 = base64;
  }

  @Override
  public void start() {}

  @Override
  public void token(Choice choice, int position) {}

  @Override
  public void end() {
    ObjectNode body =
        Json.object()
            .put("id", id)
            .put("object", "list")
            .put("created", Clock.unixSeconds())
            .put("model", generation.model());
    ArrayNode data = body.putArray("data");
    for (Choice choice : generation.choices()) {
      data.addObject()
          .put("index", choice.index())
          .put("object", "embedding")
          .set("embedding", encoded(vector(choice.prompt())));
    }
    body.putObject("usage")
        .put("prompt_tokens", generation.promptTokens())
        .put("total_tokens", generation.promptTokens())
        .put("completion_tokens", 0)
        .putNull("prompt_tokens_details");
    generation.exchange().json(200, body);
  }

  private float[] vector(int[] tokens) {
    long seed = BlockHash.chain(1, tokens, 0, tokens.length);
    float[] vector = new float[dimensions];
    @Var double squares = 0;
    for (int i = 0; i < dimensions; i++) {
      vector[i] = BlockHash.chain(seed, i) / (float) Long.MAX_VALUE;
      squares += vector[i] * vector[i];
    }
    for (int i = 0; i < dimensions; i++) {
      vector[i] /= (float) Math.sqrt(squares);
    }
    return vector;
  }

  private JsonNode encoded(float[] vector) {
    if (base64) {
      ByteBuffer bytes =
          ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(vector);
      return Json.object().textNode(Base64.getEncoder().encodeToString(bytes.array()));
    }
    ArrayNode values = Json.array();
    for (float value : vector) {
      values.add(value);
    }
    return values;
  }
}
