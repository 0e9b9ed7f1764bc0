/**
 * The config files of the roles: records in the file's notation, each of which makes the config of
 * the part it is for.
 */
@NullMarked
package io.warmpath.cli.settings;

import org.jspecify.annotations.NullMarked;
