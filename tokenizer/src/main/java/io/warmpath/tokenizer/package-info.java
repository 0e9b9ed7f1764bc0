/** Real tokens of prompts, for the models whose tokenizer a router has. */
@NullMarked
package io.warmpath.tokenizer;

import org.jspecify.annotations.NullMarked;
