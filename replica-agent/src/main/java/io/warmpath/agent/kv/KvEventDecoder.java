package io.warmpath.agent.kv;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessagePackException;
import org.msgpack.core.MessageUnpacker;
import org.msgpack.value.ArrayValue;
import org.msgpack.value.Value;
import org.msgpack.value.ValueFactory;

/**
 * Decodes a batch of cache events as vLLM and SGLang publish it: MessagePack, {@code [time, events,
 * rank]}, each event either an array with its tag first (the old form) or a map with a {@code
 * type}. Fields that it does not know are ignored, missing ones have their defaults.
 */
public final class KvEventDecoder {

  private static final int MAX_EVENTS = 100_000;
  private static final int HASH_BYTES = 8;

  /** Positions of the fields in the array form. */
  private static final Map<String, Integer> STORED_POSITIONS =
      Map.of(
          "block_hashes", 1,
          "parent_block_hash", 2,
          "token_ids", 3,
          "block_size", 4,
          "medium", 6,
          "lora_name", 7,
          "extra_keys", 8,
          "group_idx", 9,
          "kv_cache_spec_kind", 10);

  private static final Map<String, Integer> REMOVED_POSITIONS =
      Map.of("block_hashes", 1, "medium", 2, "group_idx", 3);

  private KvEventDecoder() {}

  /**
   * Returns the events of a batch in their order; kinds that it does not know are left out.
   *
   * @throws MalformedEventException when it is not a batch
   */
  public static List<KvEvent> decode(byte[] payload) throws MalformedEventException {
    try (MessageUnpacker in = MessagePack.newDefaultUnpacker(payload)) {
      Value batch = new BoundedValues(in, payload.length).read();
      if (!batch.isArrayValue() || batch.asArrayValue().size() < 2) {
        throw new MalformedEventException("a batch is not an array of time and events");
      }
      Value events = batch.asArrayValue().get(1);
      if (!events.isArrayValue() || events.asArrayValue().size() > MAX_EVENTS) {
        throw new MalformedEventException("a batch has no list of events");
      }
      List<KvEvent> decoded = new ArrayList<>();
      for (Value event : events.asArrayValue()) {
        KvEvent known = decode(event);
        if (known != null) {
          decoded.add(known);
        }
      }
      return decoded;
    } catch (IOException | MessagePackException malformed) {
      throw new MalformedEventException("a batch is not MessagePack");
    }
  }

  private static @Nullable KvEvent decode(Value event) throws MalformedEventException {
    Fields fields = Fields.of(event);
    return switch (fields.tag()) {
      case "BlockStored" -> stored(fields);
      case "BlockRemoved" ->
          new KvEvent.Removed(
              hashes(fields.get("block_hashes", REMOVED_POSITIONS)),
              text(fields.get("medium", REMOVED_POSITIONS)),
              number(fields.get("group_idx", REMOVED_POSITIONS), -1));
      case "AllBlocksCleared" -> new KvEvent.Cleared();
      default -> null;
    };
  }

  private static KvEvent stored(Fields fields) throws MalformedEventException {
    long[] hashes = hashes(fields.get("block_hashes", STORED_POSITIONS));
    int blockSize = number(fields.get("block_size", STORED_POSITIONS), 0);
    int[] tokens = tokens(fields.get("token_ids", STORED_POSITIONS));
    if (blockSize < 1 || tokens.length != (long) hashes.length * blockSize) {
      throw new MalformedEventException(
          "%d blocks of %d tokens do not have %d tokens"
              .formatted(hashes.length, blockSize, tokens.length));
    }
    Value parent = fields.get("parent_block_hash", STORED_POSITIONS);
    return new KvEvent.Stored(
        hashes,
        !parent.isNilValue(),
        parent.isNilValue() ? 0 : hash(parent),
        tokens,
        blockSize,
        text(fields.get("medium", STORED_POSITIONS)),
        text(fields.get("lora_name", STORED_POSITIONS)),
        cacheSalt(fields),
        number(fields.get("group_idx", STORED_POSITIONS), -1),
        text(fields.get("kv_cache_spec_kind", STORED_POSITIONS)));
  }

  /**
   * vLLM's extra keys of a first block hold the adapter's name and the salt as plain texts; SGLang
   * has a field of its own.
   */
  private static String cacheSalt(Fields fields) {
    String own = text(fields.get("cache_salt", Map.of()));
    Value extra = fields.get("extra_keys", STORED_POSITIONS);
    if (!own.isEmpty() || !extra.isArrayValue() || extra.asArrayValue().size() == 0) {
      return own;
    }
    Value first = extra.asArrayValue().get(0);
    if (!first.isArrayValue()) {
      return own;
    }
    String adapter = text(fields.get("lora_name", STORED_POSITIONS));
    @Var String salt = "";
    for (Value key : first.asArrayValue()) {
      if (key.isStringValue() && !text(key).equals(adapter)) {
        salt = text(key);
      }
    }
    return salt;
  }

  private static long[] hashes(Value value) throws MalformedEventException {
    ArrayValue array = array(value, "block_hashes");
    long[] hashes = new long[array.size()];
    for (int i = 0; i < hashes.length; i++) {
      hashes[i] = hash(array.get(i));
    }
    return hashes;
  }

  /** The last 64 bits, whether the engine sends a number, signed or not, or bytes. */
  private static long hash(Value value) throws MalformedEventException {
    if (value.isIntegerValue()) {
      return value.asIntegerValue().asBigInteger().longValue();
    }
    if (value.isBinaryValue()) {
      byte[] bytes = value.asBinaryValue().asByteArray();
      @Var long hash = 0;
      for (int i = Math.max(0, bytes.length - HASH_BYTES); i < bytes.length; i++) {
        hash = (hash << 8) | (bytes[i] & 0xff);
      }
      return hash;
    }
    throw new MalformedEventException("a block hash is neither a number nor bytes");
  }

  private static int[] tokens(Value value) throws MalformedEventException {
    ArrayValue array = array(value, "token_ids");
    int[] tokens = new int[array.size()];
    for (int i = 0; i < tokens.length; i++) {
      Value token = array.get(i);
      if (!token.isIntegerValue() || !token.asIntegerValue().isInIntRange()) {
        throw new MalformedEventException("a token id is not a number");
      }
      tokens[i] = token.asIntegerValue().asInt();
    }
    return tokens;
  }

  private static ArrayValue array(Value value, String field) throws MalformedEventException {
    if (!value.isArrayValue()) {
      throw new MalformedEventException("'" + field + "' is not a list");
    }
    return value.asArrayValue();
  }

  private static int number(Value value, int otherwise) {
    return value.isIntegerValue() && value.asIntegerValue().isInIntRange()
        ? value.asIntegerValue().asInt()
        : otherwise;
  }

  private static String text(Value value) {
    return value.isStringValue() ? value.asStringValue().toString() : "";
  }

  /** The fields of an event in either form. */
  private record Fields(Value event) {

    static Fields of(Value event) throws MalformedEventException {
      if (!event.isMapValue() && !event.isArrayValue()) {
        throw new MalformedEventException("an event is neither a map nor an array");
      }
      return new Fields(event);
    }

    String tag() {
      return text(get("type", Map.of("type", 0)));
    }

    Value get(String name, Map<String, Integer> positions) {
      if (event.isMapValue()) {
        return event
            .asMapValue()
            .map()
            .getOrDefault(ValueFactory.newString(name), ValueFactory.newNil());
      }
      ArrayValue fields = event.asArrayValue();
      int position = positions.getOrDefault(name, Integer.MAX_VALUE);
      return position < fields.size() ? fields.get(position) : ValueFactory.newNil();
    }
  }
}
