/**
 * Prompts as bytes that depend on their content only, so that equal prompts have equal prefixes
 * whatever front door they came through.
 */
@NullMarked
package io.warmpath.router.prompt;

import org.jspecify.annotations.NullMarked;
