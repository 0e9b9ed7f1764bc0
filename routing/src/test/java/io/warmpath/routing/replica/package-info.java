@NullMarked
package io.warmpath.routing.replica;

import org.jspecify.annotations.NullMarked;
