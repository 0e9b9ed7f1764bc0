/** What the replicas' reports cost ZooKeeper and a router. */
@NullMarked
package io.warmpath.bench.reports;

import org.jspecify.annotations.NullMarked;
