package io.warmpath.routing.affinity;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.Decision;
import io.warmpath.routing.Decision.Rejection;
import io.warmpath.routing.PickReason;
import io.warmpath.routing.PickResult;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The candidates of one decision, in the order in which they were found, and the outcome. Made for
 * one decision by {@link Decider}; not thread-safe.
 */
final class Deliberation {

  /** Most candidates of a decision. */
  static final int MAX_CANDIDATES = 64;

  static final int NONE = -1;

  private static final Decision.Source[] SOURCES = Decision.Source.values();

  /** The request's placement key: its family, or a deeper step of it; 0 for none. */
  long key;

  /** What the table says of the key, or null for the defaults. */
  FamilyTable.@Nullable Entry entry;

  /** Tokens up to the deepest step of the prompt whose anchor has no room for more holders. */
  int fullAnchorTokens;

  /** Whether a replica is known that served the request's session. */
  boolean sessionIsKnown;

  /** Size of the replica set. */
  int setSize;

  /** Highest pending work a candidate may have, seconds. */
  double boundSeconds = Double.POSITIVE_INFINITY;

  /** Position of the chosen candidate, or {@link #NONE}. */
  int chosen = NONE;

  /** Why it was chosen. */
  PickReason reason = PickReason.LEAST_WORK;

  /** Validated placement's limit, seconds. */
  double limitSeconds = Double.POSITIVE_INFINITY;

  /** Why nobody was chosen. */
  PickResult.Rejected.@Nullable Reason refusal;

  /** When a retry may succeed, seconds. */
  double retryAfterSeconds;

  private final int[] replica;
  private final int[] rank;
  private final int[] matchedTokens;
  private final int[] sources;
  private final double[] pendingSeconds;
  private final double[] prefillSeconds;
  private final double[] costSeconds;
  private final double[] familyShare;
  private final @Nullable Rejection[] rejections;
  private int count;

  Deliberation(int replicaCount) {
    int capacity = Math.min(replicaCount, MAX_CANDIDATES);
    this.replica = new int[capacity];
    this.rank = new int[capacity];
    this.matchedTokens = new int[capacity];
    this.sources = new int[capacity];
    this.pendingSeconds = new double[capacity];
    this.prefillSeconds = new double[capacity];
    this.costSeconds = new double[capacity];
    this.familyShare = new double[capacity];
    this.rejections = new Rejection[capacity];
  }

  /**
   * Adds a replica, or another source of one that is a candidate already.
   *
   * @param candidateRank its position in the key's order, or {@link #NONE}
   */
  void add(int index, int candidateRank, Decision.Source source) {
    @Var int position = positionOf(index);
    if (position == NONE) {
      if (count == replica.length) {
        return;
      }
      position = count++;
      replica[position] = index;
      rank[position] = candidateRank;
    }
    sources[position] |= bit(source);
  }

  /** Returns the position of replica {@code index} among the candidates, or {@link #NONE}. */
  int positionOf(int index) {
    for (int position = 0; position < count; position++) {
      if (replica[position] == index) {
        return position;
      }
    }
    return NONE;
  }

  /** Number of candidates. */
  int count() {
    return count;
  }

  /** Whether no more candidates fit. */
  boolean isFull() {
    return count == replica.length;
  }

  int replica(int position) {
    return replica[position];
  }

  int rank(int position) {
    return rank[position];
  }

  int matchedTokens(int position) {
    return matchedTokens[position];
  }

  double pendingSeconds(int position) {
    return pendingSeconds[position];
  }

  double prefillSeconds(int position) {
    return prefillSeconds[position];
  }

  double costSeconds(int position) {
    return costSeconds[position];
  }

  double familyShare(int position) {
    return familyShare[position];
  }

  void setFamilyShare(int position, double share) {
    familyShare[position] = share;
  }

  @Nullable Rejection rejection(int position) {
    return rejections[position];
  }

  boolean has(int position, Decision.Source source) {
    return (sources[position] & bit(source)) != 0;
  }

  void setMatchedTokens(int position, int tokens) {
    matchedTokens[position] = tokens;
  }

  void setCost(int position, double pending, double prefill, double cost) {
    pendingSeconds[position] = pending;
    prefillSeconds[position] = prefill;
    costSeconds[position] = cost;
  }

  void reject(int position, @Nullable Rejection rejection) {
    rejections[position] = rejection;
  }

  /**
   * Whether the chosen candidate is outside the replica set of a prompt that has a family, and not
   * because the client wanted it so.
   */
  boolean isSpill() {
    return chosen != NONE
        && key != 0
        && reason != PickReason.EXPLICIT
        && (rank[chosen] == NONE || rank[chosen] >= setSize);
  }

  Set<Decision.Source> sources(int position) {
    Set<Decision.Source> set = EnumSet.noneOf(Decision.Source.class);
    for (Decision.Source source : SOURCES) {
      if (has(position, source)) {
        set.add(source);
      }
    }
    return set;
  }

  private static int bit(Decision.Source source) {
    return switch (source) {
      case REPLICA_SET -> 1;
      case NEXT -> 2;
      case ANCHOR -> 4;
      case SESSION -> 8;
      case LEAST_WORK -> 16;
      case EXPLICIT -> 32;
    };
  }
}
