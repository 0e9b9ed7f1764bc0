package io.warmpath.membership;

import com.google.errorprone.annotations.Var;
import io.warmpath.membership.Decoded.Refused;
import io.warmpath.membership.Decoded.Valid;
import io.warmpath.membership.ZnodeSession.Node;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The live records of one kind by id, as the znodes read so far make them. Not thread-safe; knows
 * no ZooKeeper.
 */
final class Roster<T> {

  /*
   * Which record counts. That of another znode than before always does: whoever holds the id now
   * was let in by the announcers' fencing. Within one znode the highest (epoch, sequence) does,
   * against a fenced writer that slipped through. The same record written again is not news: it
   * keeps the time it was first received, so that its age stays right.
   *
   * When a znode is gone. A process that leaves in order says so before (draining, down), and is
   * removed at once. Otherwise its session ended: its process died, or lost ZooKeeper alone and
   * will be back within a moment, and then often many did at once. So the record stays for a grace
   * time, and the fleet does not reshuffle its families for nothing.
   */

  private final RecordKind<T> kind;
  private final int capacity;
  private final long graceNanos;
  private final Counters counters;
  private final TreeMap<String, Entry<T>> entries = new TreeMap<>();

  Roster(RecordKind<T> kind, int capacity, long graceNanos, Counters counters) {
    this.kind = kind;
    this.capacity = capacity;
    this.graceNanos = graceNanos;
    this.counters = counters;
  }

  /** What happened to records that were not taken. */
  interface Counters {
    /** A znode held no usable record. */
    void refused(String id, Refused<?> why);

    /** A znode held an older record than one already known. */
    void outdated();

    /** There are more ids than the roster has room for. */
    void overflowed(String id);
  }

  /**
   * One live record.
   *
   * @param record as last accepted
   * @param creation of its znode
   * @param receivedNanos when it was first received
   * @param missingSinceNanos when its znode was first seen to be gone, or null
   */
  record Entry<T>(T record, long creation, long receivedNanos, @Nullable Long missingSinceNanos) {}

  /** Takes in what was read at {@code id}, null for no znode; returns whether the view changed. */
  boolean observe(String id, @Nullable Node node, long nowNanos) {
    if (node == null) {
      return miss(id, nowNanos);
    }
    return switch (kind.decoder().apply(node.data())) {
      case Refused<T> refused -> {
        counters.refused(id, refused);
        yield found(id);
      }
      case Valid<T>(T record) -> {
        if (!kind.id().apply(record).equals(id)) {
          counters.refused(
              id, new Refused<T>(Decoded.Refusal.INVALID, "the record names another id"));
          yield found(id);
        }
        yield accept(id, record, node.creation(), nowNanos);
      }
    };
  }

  private boolean accept(String id, T record, long creation, long nowNanos) {
    Entry<T> known = entries.get(id);
    if (known == null && entries.size() >= capacity) {
      counters.overflowed(id);
      return false;
    }
    int age = known == null ? 1 : compare(record, known.record);
    if (known != null && age == 0) {
      // The same words in an old or a new znode.
      entries.put(id, new Entry<>(known.record, creation, known.receivedNanos, null));
      return false;
    }
    if (known != null && age < 0 && creation == known.creation) {
      counters.outdated();
      return found(id);
    }
    entries.put(id, new Entry<>(record, creation, nowNanos, null));
    return true;
  }

  private int compare(T left, T right) {
    int byEpoch = Long.compare(kind.epoch().applyAsLong(left), kind.epoch().applyAsLong(right));
    return byEpoch != 0
        ? byEpoch
        : Long.compare(kind.sequence().applyAsLong(left), kind.sequence().applyAsLong(right));
  }

  private boolean found(String id) {
    entries.computeIfPresent(
        id, (key, entry) -> new Entry<>(entry.record, entry.creation, entry.receivedNanos, null));
    return false;
  }

  private boolean miss(String id, long nowNanos) {
    Entry<T> known = entries.get(id);
    if (known == null) {
      return false;
    }
    if (kind.leaving().test(known.record) || graceNanos == 0 || isOverdue(known, nowNanos)) {
      entries.remove(id);
      return true;
    }
    if (known.missingSinceNanos == null) {
      entries.put(id, new Entry<>(known.record, known.creation, known.receivedNanos, nowNanos));
    }
    return false;
  }

  /** All of {@code present} and every id known so far: what a full reading has to read. */
  Set<String> idsToRead(Collection<String> present) {
    Set<String> ids = new HashSet<>(present);
    ids.addAll(entries.keySet());
    return ids;
  }

  /** Forgets when znodes went missing: nobody could have come back while ZooKeeper was away. */
  void restartGrace() {
    entries.keySet().forEach(this::found);
  }

  /** Ids whose grace time is over: they go when one more reading misses them. */
  List<String> overdue(long nowNanos) {
    List<String> ids = new ArrayList<>();
    entries.forEach((id, entry) -> {
      if (isOverdue(entry, nowNanos)) {
        ids.add(id);
      }
    });
    return ids;
  }

  private boolean isOverdue(Entry<T> entry, long nowNanos) {
    Long since = entry.missingSinceNanos;
    return since != null && nowNanos - since >= graceNanos;
  }

  /** Nanoseconds until the next grace time ends, or {@link Long#MAX_VALUE} when none runs. */
  long nanosToOverdue(long nowNanos) {
    @Var long least = Long.MAX_VALUE;
    for (Entry<T> entry : entries.values()) {
      Long since = entry.missingSinceNanos;
      if (since != null) {
        least = Math.min(least, Math.max(0, since + graceNanos - nowNanos));
      }
    }
    return least;
  }

  /** The live records in id order. */
  Collection<Entry<T>> entries() {
    return entries.values();
  }

  /** The live ids, sorted. */
  Set<String> ids() {
    return entries.keySet();
  }
}
