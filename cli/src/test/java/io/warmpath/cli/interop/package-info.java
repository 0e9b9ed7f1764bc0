/** One suite for agent and router, held by the simulated engine and by a real vLLM. */
@NullMarked
package io.warmpath.cli.interop;

import org.jspecify.annotations.NullMarked;
