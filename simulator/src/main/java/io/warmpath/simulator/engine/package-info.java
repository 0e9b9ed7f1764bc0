/** A model of vLLM's scheduler and block cache, in virtual or real time. */
@NullMarked
package io.warmpath.simulator.engine;

import org.jspecify.annotations.NullMarked;
