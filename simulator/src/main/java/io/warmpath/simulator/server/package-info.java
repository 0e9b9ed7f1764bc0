/** An HTTP server with vLLM's surface over the engine model. */
@NullMarked
package io.warmpath.simulator.server;

import org.jspecify.annotations.NullMarked;
