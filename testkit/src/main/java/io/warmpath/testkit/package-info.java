/** Seeded cases and event-driven waiting, for the tests of every module. */
@NullMarked
package io.warmpath.testkit;

import org.jspecify.annotations.NullMarked;
