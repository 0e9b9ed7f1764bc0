/** ZooKeeper paths and codecs, the announcer of a process and the directory of a fleet. */
@NullMarked
package io.warmpath.membership;

import org.jspecify.annotations.NullMarked;
