/** Benchmarks and comparison reports. */
@NullMarked
package io.warmpath.bench;

import org.jspecify.annotations.NullMarked;
