/** What a request through the HTTP door costs, beside other routers in the same run. */
@NullMarked
package io.warmpath.bench.door;

import org.jspecify.annotations.NullMarked;
