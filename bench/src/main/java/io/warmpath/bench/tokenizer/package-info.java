/** What tokenizers cost. */
@NullMarked
package io.warmpath.bench.tokenizer;

import org.jspecify.annotations.NullMarked;
