package io.warmpath.membership;

import java.util.Optional;
import org.apache.zookeeper.KeeperException;

/**
 * The part of the routers' config that lies in ZooKeeper, at {@code <root>/config}, for all of them
 * at once. Used by one thread at a time.
 */
public final class ConfigNode implements AutoCloseable {

  /** Bytes the znode may have; a ZooKeeper server takes no more than 1 MiB by default. */
  public static final int MAX_BYTES = 1_000_000;

  private final MembershipClient client;
  private final String path;

  private ConfigNode(MembershipClient client) {
    this.client = client;
    this.path = client.paths().config();
  }

  /**
   * Connects.
   *
   * @throws MembershipException when ZooKeeper does not answer within the connection timeout, or
   *     does not let this process work there
   */
  public static ConfigNode connect(ZooKeeperSettings settings) {
    return new ConfigNode(MembershipClient.connect(settings));
  }

  /** What messages call the znode. */
  public String name() {
    return "zookeeper:" + path;
  }

  /**
   * Returns what the znode holds, empty when it does not exist.
   *
   * @throws MembershipException when ZooKeeper cannot be asked
   */
  public Optional<byte[]> read() throws InterruptedException {
    try {
      ZnodeSession.Node node = client.session().read(path);
      return node == null ? Optional.empty() : Optional.of(node.data());
    } catch (KeeperException e) {
      throw failed("read", e);
    }
  }

  /**
   * Writes the znode.
   *
   * @throws IllegalArgumentException when {@code data} is longer than {@link #MAX_BYTES}
   * @throws MembershipException when ZooKeeper does not take it
   */
  public void write(byte[] data) throws InterruptedException {
    if (data.length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "the config has %,d bytes; %s takes at most %,d"
              .formatted(data.length, name(), MAX_BYTES));
    }
    try {
      client.session().put(path, data);
    } catch (KeeperException e) {
      throw failed("written", e);
    }
  }

  /**
   * Removes the znode, if it is there.
   *
   * @throws MembershipException when ZooKeeper does not do it
   */
  public void remove() throws InterruptedException {
    try {
      client.session().deleteIfThere(path);
    } catch (KeeperException e) {
      throw failed("removed", e);
    }
  }

  private MembershipException failed(String what, KeeperException e) {
    return new MembershipException("%s cannot be %s (%s)".formatted(name(), what, e.code()), e);
  }

  @Override
  public void close() {
    client.close();
  }
}
