package io.warmpath.agent.kv;

/** One change of an engine's cache. Engine hashes are opaque: the last 64 bits, unsigned. */
public sealed interface KvEvent {

  /**
   * Blocks became cached, one after another.
   *
   * @param hashes the engine's hash of each block
   * @param hasParent whether the first of them follows another block
   * @param parent that block's hash, meaningless without one
   * @param tokens their tokens, {@code blockSize} for each hash
   * @param blockSize tokens a block
   * @param medium where: {@code GPU}, {@code CPU}, …; empty when the engine does not say
   * @param loraName the adapter, empty for none
   * @param cacheSalt the tenant's salt, empty for none; told for a first block only
   * @param group the group of layers; -1 when the engine does not say
   * @param kind the group's kind of attention, empty when the engine does not say
   */
  @SuppressWarnings("ArrayRecordComponent") // a record for its shape; never compared
  record Stored(
      long[] hashes,
      boolean hasParent,
      long parent,
      int[] tokens,
      int blockSize,
      String medium,
      String loraName,
      String cacheSalt,
      int group,
      String kind)
      implements KvEvent {}

  /**
   * Blocks are no longer cached in one medium.
   *
   * @param hashes the engine's hash of each block
   * @param medium where; empty when the engine does not say
   * @param group the group of layers; -1 when the engine does not say
   */
  @SuppressWarnings("ArrayRecordComponent") // a record for its shape; never compared
  record Removed(long[] hashes, String medium, int group) implements KvEvent {}

  /** Nothing is cached any more. */
  record Cleared() implements KvEvent {}
}
