package io.warmpath.routing;

/** Why a replica was chosen. */
public enum PickReason {
  /** It has the longest known prefix. */
  CACHED_PREFIX,
  /** A member of the family's replica set, with no known prefix. */
  REPLICA_SET,
  /** The session's replica. */
  SESSION,
  /** Outside the replica set, because its members were too busy. */
  SPILL,
  /** No family, or affinity is off: the least pending work. */
  LEAST_WORK,
  /** The client named it, or said what the best one is. */
  EXPLICIT,
  /** A baseline policy's own rule. */
  BASELINE,
}
