@NullMarked
package io.warmpath.routing;

import org.jspecify.annotations.NullMarked;
