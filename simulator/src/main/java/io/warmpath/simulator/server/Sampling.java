package io.warmpath.simulator.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.Var;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How to generate, from the fields that all generating endpoints share.
 *
 * @param n completions of each prompt
 * @param stops texts that end generation
 * @param stopTokenIds tokens that end generation
 * @param includeStop whether the stop text stays in the output
 * @param priority smaller first
 * @param cacheSalt isolates the prefix cache, "" for none
 * @param seed varies the output, 0 by default
 * @param returnTokenIds whether token ids are told beside the text
 * @param stream whether the answer is a stream
 * @param includeUsage whether a stream ends with usage
 * @param continuousUsage whether each event of a stream has usage
 */
record Sampling(
    int n,
    List<String> stops,
    List<Integer> stopTokenIds,
    boolean includeStop,
    int priority,
    String cacheSalt,
    long seed,
    boolean returnTokenIds,
    boolean stream,
    boolean includeUsage,
    boolean continuousUsage) {

  private static final int MAX_N = 16_384;
  private static final int MAX_SALT = 1_024;
  private static final int MAX_STOPS = 64;

  /** Reads and checks the fields. */
  static Sampling of(RequestFields fields) throws ApiException {
    long n = fields.integer("n", 1);
    if (n < 1 || n > MAX_N) {
      throw ApiException.badRequest("n must be in 1.." + MAX_N + ", got " + n + ".", "n");
    }
    checkRanges(fields);
    long priority = fields.integer("priority", 0);
    boolean stream = fields.bool("stream");
    JsonNode options = fields.get("stream_options");
    if (options != null && !stream) {
      throw ApiException.badRequest(
          "Stream options can only be defined when `stream=True`.", "stream_options");
    }
    boolean includeUsage = options != null && options.path("include_usage").asBoolean(true);
    boolean continuous = options != null && options.path("continuous_usage_stats").asBoolean(false);
    return new Sampling(
        (int) n,
        stops(fields),
        stopTokenIds(fields),
        fields.bool("include_stop_str_in_output"),
        Math.clamp(priority, Integer.MIN_VALUE, Integer.MAX_VALUE),
        cacheSalt(fields),
        fields.integer("seed", 0),
        fields.bool("return_token_ids"),
        stream,
        includeUsage,
        includeUsage && continuous);
  }

  private static void checkRanges(RequestFields fields) throws ApiException {
    fields.checkNumber("temperature", 0, Double.MAX_VALUE);
    fields.checkNumber("top_p", Double.MIN_NORMAL, 1);
    fields.checkNumber("min_p", 0, 1);
    fields.checkNumber("presence_penalty", -2, 2);
    fields.checkNumber("frequency_penalty", -2, 2);
    fields.checkNumber("repetition_penalty", Double.MIN_NORMAL, Double.MAX_VALUE);
  }

  private static List<String> stops(RequestFields fields) throws ApiException {
    List<String> stops = fields.strings("stop");
    if (stops.size() > MAX_STOPS) {
      throw ApiException.badRequest("stop has more than " + MAX_STOPS + " strings.", "stop");
    }
    for (String stop : stops) {
      if (stop.isEmpty()) {
        throw ApiException.badRequest("stop cannot contain an empty string.", "stop");
      }
    }
    return stops;
  }

  private static List<Integer> stopTokenIds(RequestFields fields) throws ApiException {
    JsonNode value = fields.get("stop_token_ids");
    if (value == null) {
      return List.of();
    }
    Integer[] ids = new Integer[value.size()];
    @Var int size = 0;
    for (JsonNode element : value) {
      if (!element.canConvertToInt()) {
        throw RequestFields.wrongType("stop_token_ids", "list of integers");
      }
      ids[size++] = element.intValue();
    }
    return List.of(ids);
  }

  private static String cacheSalt(RequestFields fields) throws ApiException {
    @Nullable String salt = fields.string("cache_salt");
    if (salt == null) {
      return "";
    }
    if (salt.isEmpty() || salt.length() > MAX_SALT) {
      throw ApiException.badRequest(
          "Parameter 'cache_salt' must be a string of 1 to " + MAX_SALT + " characters.",
          "cache_salt");
    }
    return salt;
  }
}
