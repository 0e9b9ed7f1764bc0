/** What routers and the HTTP relay port of agents say to each other. */
@NullMarked
package io.warmpath.relay;

import org.jspecify.annotations.NullMarked;
