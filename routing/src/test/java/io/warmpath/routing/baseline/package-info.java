@NullMarked
package io.warmpath.routing.baseline;

import org.jspecify.annotations.NullMarked;
