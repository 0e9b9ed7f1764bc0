/** What routers and agents share of the HTTP exchange between them. */
@NullMarked
package io.warmpath.relay;

import org.jspecify.annotations.NullMarked;
