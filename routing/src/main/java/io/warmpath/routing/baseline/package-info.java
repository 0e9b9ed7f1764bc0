/**
 * Other policies, for comparison: each a rule over the same fleet, leases and constraints as
 * Warmpath's own.
 */
@NullMarked
package io.warmpath.routing.baseline;

import org.jspecify.annotations.NullMarked;
