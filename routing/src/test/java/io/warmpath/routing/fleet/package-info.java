@NullMarked
package io.warmpath.routing.fleet;

import org.jspecify.annotations.NullMarked;
