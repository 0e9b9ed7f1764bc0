package io.warmpath.routing;

/**
 * What one placement did since it began, and what it holds now; for metrics.
 *
 * @param picked requests placed, each try
 * @param rejected requests that no replica could take
 * @param spilled of those placed, outside their family's replica set
 * @param refused placements that the replica refused
 * @param shadowDisagreed in shadow mode, affinity would have chosen another replica
 * @param trafficRecordsLost uses of families that were forgotten before they were counted
 * @param anchors prefixes remembered now
 * @param anchorsEvicted prefixes forgotten for others
 * @param inFlight requests on replicas now
 * @param ejectedReplicas replicas left alone now because they failed
 * @param shadow in shadow mode, what affinity would have done
 */
public record PlacementCounters(
    long picked,
    long rejected,
    long spilled,
    long refused,
    long shadowDisagreed,
    long trafficRecordsLost,
    long anchors,
    long anchorsEvicted,
    long inFlight,
    int ejectedReplicas,
    ShadowCounters shadow) {}
