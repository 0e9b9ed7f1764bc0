/** The router process: front doors, relay, control thread, telemetry and admin. */
@NullMarked
package io.warmpath.router;

import org.jspecify.annotations.NullMarked;
