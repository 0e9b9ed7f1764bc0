/**
 * Warmpath's own policy. The control side ({@code WarmpathPlacement}) takes views, drains what the
 * data path recorded, and publishes; the data path ({@code WarmpathPicker}) reads what was
 * published and touches nothing else but lock-free tables and counters.
 */
@NullMarked
package io.warmpath.routing.affinity;

import org.jspecify.annotations.NullMarked;
