package io.warmpath.routing;

/**
 * What a placement believes of one replica now.
 *
 * @param pendingWorkSeconds reported work, corrected by its own sends and by answers, seconds of
 *     prefill
 * @param inFlight its own requests on the replica
 * @param ejected whether it leaves the replica alone because requests failed there
 * @param stale whether its last report is so old that the load is taken for unknown
 */
public record ReplicaBelief(
    double pendingWorkSeconds, int inFlight, boolean ejected, boolean stale) {}
