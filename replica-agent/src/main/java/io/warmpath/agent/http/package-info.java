/** HTTP/1.1 to one engine: pooled connections, streamed answers, server-sent events. */
@NullMarked
package io.warmpath.agent.http;

import org.jspecify.annotations.NullMarked;
