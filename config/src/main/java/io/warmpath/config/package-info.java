/** Strict YAML into validated records, with errors that name the place and the fix. */
@NullMarked
package io.warmpath.config;

import org.jspecify.annotations.NullMarked;
