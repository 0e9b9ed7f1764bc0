/** The warmpath command. */
@NullMarked
package io.warmpath.cli;

import org.jspecify.annotations.NullMarked;
