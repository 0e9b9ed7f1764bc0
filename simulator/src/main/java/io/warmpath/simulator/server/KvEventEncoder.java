package io.warmpath.simulator.server;

import io.warmpath.simulator.engine.TokenBlockKeys;
import io.warmpath.simulator.server.KvEventSettings.EventForm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessagePacker;

/**
 * Collects the cache events of one engine step and encodes them as vLLM does: {@code [time, events,
 * rank]} in MessagePack, events as maps or as arrays. Not thread-safe.
 */
final class KvEventEncoder {

  /*
   * BlockStored as an array: tag, hashes, parent, token ids, block size, LoRA id, medium, LoRA
   * name, extra keys, cache group, its kind, its sliding window. As a map: a field for each that is
   * set, and the parent, the medium and both LoRA fields also when they are nil. Hashes are
   * unsigned.
   */
  private static final String MEDIUM = "GPU";
  private static final String SPEC_KIND = "full_attention";
  private static final int LORA_ID = 1;

  private final EventForm form;
  private final int blockSizeTokens;
  private final MessageBufferPacker events = MessagePack.newDefaultBufferPacker();
  private int eventCount;

  KvEventEncoder(EventForm form, int blockSizeTokens) {
    this.form = form;
    this.blockSizeTokens = blockSizeTokens;
  }

  boolean isEmpty() {
    return eventCount == 0;
  }

  void stored(TokenBlockKeys content, BlockOwner owner, int firstBlock, int count) {
    try {
      if (form == EventForm.MAP) {
        storedMap(content, owner, firstBlock, count);
      } else {
        storedArray(content, owner, firstBlock, count);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a memory buffer failed", e);
    }
    eventCount++;
  }

  void removed(long key) {
    try {
      if (form == EventForm.MAP) {
        events.packMapHeader(4);
        events.packString("type").packString("BlockRemoved");
        events.packString("block_hashes").packArrayHeader(1);
        packHash(key);
        events.packString("medium").packString(MEDIUM);
        events.packString("group_idx").packInt(0);
      } else {
        events.packArrayHeader(4).packString("BlockRemoved").packArrayHeader(1);
        packHash(key);
        events.packString(MEDIUM).packInt(0);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a memory buffer failed", e);
    }
    eventCount++;
  }

  void cleared() {
    try {
      if (form == EventForm.MAP) {
        events.packMapHeader(1).packString("type").packString("AllBlocksCleared");
      } else {
        events.packArrayHeader(1).packString("AllBlocksCleared");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a memory buffer failed", e);
    }
    eventCount++;
  }

  /** Returns the batch of what was collected, and begins the next. */
  byte[] takeBatch(double unixSeconds) {
    try (MessageBufferPacker batch = MessagePack.newDefaultBufferPacker()) {
      batch.packArrayHeader(3).packDouble(unixSeconds).packArrayHeader(eventCount);
      batch.writePayload(events.toByteArray());
      batch.packInt(0);
      events.clear();
      eventCount = 0;
      return batch.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException("a memory buffer failed", e);
    }
  }

  /** Under which adapter and salt a block was computed, "" for none. */
  record BlockOwner(String loraAdapter, String cacheSalt) {}

  private void storedMap(TokenBlockKeys content, BlockOwner owner, int firstBlock, int count)
      throws IOException {
    events.packMapHeader(11);
    events.packString("type").packString("BlockStored");
    events.packString("block_hashes");
    packHashes(content, firstBlock, count);
    events.packString("parent_block_hash");
    packParent(content, firstBlock);
    events.packString("token_ids");
    packTokens(content, firstBlock, count);
    events.packString("block_size").packInt(blockSizeTokens);
    events.packString("lora_id");
    packLoraId(owner);
    events.packString("medium").packString(MEDIUM);
    events.packString("lora_name");
    packText(events, owner.loraAdapter());
    events.packString("extra_keys");
    packExtraKeys(owner, firstBlock, count);
    events.packString("group_idx").packInt(0);
    events.packString("kv_cache_spec_kind").packString(SPEC_KIND);
  }

  private void storedArray(TokenBlockKeys content, BlockOwner owner, int firstBlock, int count)
      throws IOException {
    events.packArrayHeader(12).packString("BlockStored");
    packHashes(content, firstBlock, count);
    packParent(content, firstBlock);
    packTokens(content, firstBlock, count);
    events.packInt(blockSizeTokens);
    packLoraId(owner);
    events.packString(MEDIUM);
    packText(events, owner.loraAdapter());
    packExtraKeys(owner, firstBlock, count);
    events.packInt(0).packString(SPEC_KIND).packNil();
  }

  private void packHashes(TokenBlockKeys content, int firstBlock, int count) throws IOException {
    events.packArrayHeader(count);
    for (int block = firstBlock; block < firstBlock + count; block++) {
      packHash(content.key(block));
    }
  }

  private void packParent(TokenBlockKeys content, int firstBlock) throws IOException {
    if (firstBlock == 0) {
      events.packNil();
    } else {
      packHash(content.key(firstBlock - 1));
    }
  }

  private void packTokens(TokenBlockKeys content, int firstBlock, int count) throws IOException {
    events.packArrayHeader(count * blockSizeTokens);
    int from = firstBlock * blockSizeTokens;
    for (int position = from; position < from + count * blockSizeTokens; position++) {
      events.packInt(content.token(position));
    }
  }

  private void packLoraId(BlockOwner owner) throws IOException {
    if (owner.loraAdapter().isEmpty()) {
      events.packNil();
    } else {
      events.packInt(LORA_ID);
    }
  }

  /** For each block nil, or the adapter and, for the first block of a sequence, the salt. */
  private void packExtraKeys(BlockOwner owner, int firstBlock, int count) throws IOException {
    boolean adapted = !owner.loraAdapter().isEmpty();
    events.packArrayHeader(count);
    for (int block = firstBlock; block < firstBlock + count; block++) {
      boolean salted = block == 0 && !owner.cacheSalt().isEmpty();
      if (!adapted && !salted) {
        events.packNil();
        continue;
      }
      events.packArrayHeader((adapted ? 1 : 0) + (salted ? 1 : 0));
      if (adapted) {
        events.packString(owner.loraAdapter());
      }
      if (salted) {
        events.packString(owner.cacheSalt());
      }
    }
  }

  private void packHash(long hash) throws IOException {
    if (hash >= 0) {
      events.packLong(hash);
    } else {
      events.packBigInteger(new BigInteger(Long.toUnsignedString(hash)));
    }
  }

  private static void packText(MessagePacker to, String text) throws IOException {
    if (text.isEmpty()) {
      to.packNil();
    } else {
      to.packString(text);
    }
  }
}
