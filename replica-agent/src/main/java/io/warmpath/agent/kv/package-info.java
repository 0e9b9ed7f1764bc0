/** An engine's cache events: received, decoded, and kept as what its cache holds. */
@NullMarked
package io.warmpath.agent.kv;

import org.jspecify.annotations.NullMarked;
