/** Chained prefix hash, consistent hashing, bounded load and the decayed heavy-hitter sketch. */
@NullMarked
package io.warmpath.hashing;

import org.jspecify.annotations.NullMarked;
