/** TLS and keys, on a whole cluster. */
@NullMarked
package io.warmpath.cli.secure;

import org.jspecify.annotations.NullMarked;
