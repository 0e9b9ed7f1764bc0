package io.warmpath.router;

import java.net.URI;
import java.net.URISyntaxException;

/** The {@code host:port} of an agent, as its report gives it. */
final class AgentAddress {

  private static final int MAX_PORT = 65_535;

  private AgentAddress() {}

  /** Whether {@code address} is a host and a port. */
  static boolean isValid(String address) {
    try {
      URI uri = new URI("grpc://" + address);
      return uri.getHost() != null
          && uri.getUserInfo() == null
          && uri.getPort() > 0
          && uri.getPort() <= MAX_PORT
          && address.equals(uri.getRawAuthority());
    } catch (URISyntaxException malformed) {
      return false;
    }
  }
}
