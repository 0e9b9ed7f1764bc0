/** The decision: which replica serves a request, and why. */
@NullMarked
package io.warmpath.routing;

import org.jspecify.annotations.NullMarked;
