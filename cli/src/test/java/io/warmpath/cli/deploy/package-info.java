/** What holds of the Kubernetes manifests. */
@NullMarked
package io.warmpath.cli.deploy;

import org.jspecify.annotations.NullMarked;
