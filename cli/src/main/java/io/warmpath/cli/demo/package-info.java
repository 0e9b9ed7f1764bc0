/** Replays a trace through a local cluster's real gRPC path, once a policy, and compares. */
@NullMarked
package io.warmpath.cli.demo;

import org.jspecify.annotations.NullMarked;
