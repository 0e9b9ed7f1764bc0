/** The HTTP door in front of whole clusters, as clients see it. */
@NullMarked
package io.warmpath.cli.door;

import org.jspecify.annotations.NullMarked;
