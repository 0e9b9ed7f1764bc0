/** A whole cluster within one process, for {@code standalone}, {@code demo} and tests. */
@NullMarked
package io.warmpath.cli.local;

import org.jspecify.annotations.NullMarked;
