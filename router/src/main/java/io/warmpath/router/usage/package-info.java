/**
 * Metering: what requests used and what that costs, counted on the event loops, added up by one
 * thread, and kept in a file a day.
 */
@NullMarked
package io.warmpath.router.usage;

import org.jspecify.annotations.NullMarked;
