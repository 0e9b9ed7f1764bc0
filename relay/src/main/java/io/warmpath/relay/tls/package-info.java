/** TLS from PEM files that may be replaced while the process runs. */
@NullMarked
package io.warmpath.relay.tls;

import org.jspecify.annotations.NullMarked;
