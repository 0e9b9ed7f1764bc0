/** Rules over the whole source tree: its format and the direction of its packages. */
@NullMarked
package io.warmpath.buildchecks;

import org.jspecify.annotations.NullMarked;
