/** Microbenchmarks. The Maven profile {@code measure} runs them; the build only calls each once. */
@NullMarked
package io.warmpath.bench.jmh;

import org.jspecify.annotations.NullMarked;
