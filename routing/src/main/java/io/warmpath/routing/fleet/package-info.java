/**
 * What every policy stands on: the fleet as one immutable snapshot, and for each replica the
 * counters that live on from one snapshot to the next.
 */
@NullMarked
package io.warmpath.routing.fleet;

import org.jspecify.annotations.NullMarked;
