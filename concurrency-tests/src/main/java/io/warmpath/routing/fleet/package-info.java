/** Races on what a router counts of one replica. */
@NullMarked
package io.warmpath.routing.fleet;

import org.jspecify.annotations.NullMarked;
