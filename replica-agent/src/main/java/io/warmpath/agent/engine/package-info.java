/** What the agent knows of engines: their requests, streams, errors, metrics and models. */
@NullMarked
package io.warmpath.agent.engine;

import org.jspecify.annotations.NullMarked;
