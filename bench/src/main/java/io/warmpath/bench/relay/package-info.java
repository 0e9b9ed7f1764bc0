/** What the router adds to a request: latency and processor time, against the direct path. */
@NullMarked
package io.warmpath.bench.relay;

import org.jspecify.annotations.NullMarked;
