/** The sticky test: whether a request that comes twice in a row finds its prompt cached. */
@NullMarked
package io.warmpath.cli.sticky;

import org.jspecify.annotations.NullMarked;
