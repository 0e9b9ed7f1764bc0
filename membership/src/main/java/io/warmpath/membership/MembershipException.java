package io.warmpath.membership;

import org.jspecify.annotations.Nullable;

/**
 * ZooKeeper cannot be used at all; the message is one sentence for the operator. Members see it at
 * start only: later trouble shows as {@link MembershipClient.State#DISCONNECTED} and in counters.
 */
public final class MembershipException extends RuntimeException {

  private static final long serialVersionUID = 1;

  MembershipException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
