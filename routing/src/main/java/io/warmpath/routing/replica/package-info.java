/** The replica's side of the decision: its queue, its pending work and what it reports. */
@NullMarked
package io.warmpath.routing.replica;

import org.jspecify.annotations.NullMarked;
