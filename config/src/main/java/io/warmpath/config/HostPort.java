package io.warmpath.config;

/**
 * A host and a port, written {@code host:port}; an IPv6 host is in brackets.
 *
 * @param host name or address, without brackets
 * @param port 0..65535; to listen on, 0 takes a free one
 */
@Form(HostPort.FORM)
public record HostPort(String host, int port) {

  static final String FORM = "host:port with a port from 0 to 65535";

  public HostPort {
    if (host.isEmpty() || port < 0 || port > 65_535) {
      throw new IllegalArgumentException(FORM);
    }
  }

  /** Reads {@code host:port} or {@code [ipv6]:port}. */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
      throw new IllegalArgumentException(FORM);
    }
    String host = text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (!bracketed && host.indexOf(':') >= 0) {
      throw new IllegalArgumentException(FORM + "; put an IPv6 host in brackets");
    }
    return new HostPort(
        bracketed ? host.substring(1, host.length() - 1) : host,
        Integer.parseInt(text.substring(colon + 1)));
  }

  /** Returns the form that {@link #parse} reads. */
  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
