/** Traces of requests: readers, generators and their token ids. */
@NullMarked
package io.warmpath.simulator.trace;

import org.jspecify.annotations.NullMarked;
