package io.warmpath.routing.affinity;

/**
 * One moment: the ticker's reading, and milliseconds since the placement began, the time of
 * anchors.
 */
record Moment(long nanos, long millis) {}
