@NullMarked
package io.warmpath.routing.affinity;

import org.jspecify.annotations.NullMarked;
