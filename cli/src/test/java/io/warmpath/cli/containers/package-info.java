/**
 * A cluster in containers: the manifests' pods, run by a container engine as a kubelet would run
 * them, under load while parts of it roll, end and die.
 */
@NullMarked
package io.warmpath.cli.containers;

import org.jspecify.annotations.NullMarked;
