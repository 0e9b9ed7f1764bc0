/** The replica agent: engine adapter, queue, reports and drain. */
@NullMarked
package io.warmpath.agent;

import org.jspecify.annotations.NullMarked;
