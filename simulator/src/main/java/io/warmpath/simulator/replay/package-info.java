/** Virtual-time replay of a trace over replicas and routers, with the routing code itself. */
@NullMarked
package io.warmpath.simulator.replay;

import org.jspecify.annotations.NullMarked;
