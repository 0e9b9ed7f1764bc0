/** Races on what the data path remembers. */
@NullMarked
package io.warmpath.routing.affinity;

import org.jspecify.annotations.NullMarked;
