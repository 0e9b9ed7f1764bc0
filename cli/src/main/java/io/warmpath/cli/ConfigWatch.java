package io.warmpath.cli;

import io.warmpath.cli.ConfigFiles.RouterFile;
import io.warmpath.config.ConfigException;
import io.warmpath.config.Overlay;
import io.warmpath.membership.ConfigNode;
import io.warmpath.membership.MembershipException;
import io.warmpath.membership.ZooKeeperSettings;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A router's config file and what lies over it in ZooKeeper, read at start and again whenever one
 * of them changes. Used by one thread at a time.
 */
final class ConfigWatch implements AutoCloseable {

  /*
   * The contents are compared, not times: a ConfigMap changes by a swapped symbolic link two
   * folders up, editors replace files, and some file systems keep seconds only. Reading a few files
   * of some kilobytes a second costs less than a file watcher with a case for each of these, and
   * one read a second is nothing to ZooKeeper.
   */
  private static final Logger LOG = LoggerFactory.getLogger(ConfigWatch.class);

  private final Path file;
  private final @Nullable ConfigNode node;
  private RouterFile read;
  private byte @Nullable [] nodeContent;
  private byte[] digest;
  private @Nullable String refusalAtStart;
  private @Nullable Thread thread;

  private ConfigWatch(Path file, RouterFile read, @Nullable ConfigNode node) {
    this.file = file;
    this.node = node;
    this.read = read;
    this.digest = digest();
  }

  /**
   * Reads the config. What is wrong in ZooKeeper does not stop a start: the file alone is then in
   * effect, and the router is told so when it is followed.
   *
   * @throws ConfigException with everything that is wrong in the file
   * @throws io.warmpath.membership.MembershipException when a part of it is in ZooKeeper, which
   *     cannot be reached
   */
  static ConfigWatch read(Path file) throws ConfigException, CommandFailure, InterruptedException {
    RouterFile alone = ConfigFiles.router(file, null);
    ZooKeeperSettings overlay = alone.settings().overlay();
    ConfigWatch watch =
        new ConfigWatch(file, alone, overlay == null ? null : ConfigNode.connect(overlay));
    watch.readNode();
    return watch;
  }

  private void readNode() throws InterruptedException {
    nodeContent = contentOfNode();
    if (nodeContent != null) {
      try {
        read = ConfigFiles.router(file, overlay());
      } catch (ConfigException | CommandFailure refused) {
        refusalAtStart = Failures.sentence(refused);
      }
      digest = digest();
    }
  }

  /** Returns the config that was read last. */
  RouterConfig config() {
    return read.config();
  }

  /** Starts a daemon thread that gives {@code router} each change. */
  void follow(Router router) {
    if (refusalAtStart != null) {
      router.refuseConfig(refusalAtStart);
    }
    Duration period = read.settings().reloadPeriod();
    if (period != null) {
      thread =
          Thread.ofPlatform()
              .daemon()
              .name("warmpath-config")
              .start(() -> pollForever(router, period));
    }
  }

  @SuppressWarnings("IllegalCatch") // Outermost frame: a fault must not end the watch.
  private void pollForever(Router router, Duration period) {
    try {
      while (true) {
        TimeUnit.NANOSECONDS.sleep(period.toNanos());
        try {
          poll(router);
        } catch (RuntimeException bug) {
          LOG.error("the config could not be followed; trying again", bug);
        }
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks at the sources once and gives the router what changed. */
  void poll(Router router) throws InterruptedException {
    nodeContent = contentOfNode();
    byte[] now = digest();
    if (MessageDigest.isEqual(now, digest)) {
      return;
    }
    digest = now;
    try {
      RouterFile next = ConfigFiles.router(file, overlay());
      router.reload(next.config());
      read = next;
      // The new config may be made of other files.
      digest = digest();
    } catch (ConfigException | CommandFailure refused) {
      router.refuseConfig(Failures.sentence(refused));
    }
  }

  private @Nullable Overlay overlay() throws CommandFailure {
    return node == null || nodeContent == null
        ? null
        : ConfigFiles.overlay(node.name(), nodeContent);
  }

  /** Returns what the znode holds; what it held last while ZooKeeper cannot be asked. */
  private byte @Nullable [] contentOfNode() throws InterruptedException {
    if (node == null) {
      return null;
    }
    try {
      return node.read().orElse(null);
    } catch (MembershipException unreachable) {
      LOG.debug("the part of the config in ZooKeeper stays as it was", unreachable);
      return nodeContent;
    }
  }

  /** Stops to follow, and ends the session with ZooKeeper, if there is one. */
  @Override
  public void close() {
    if (thread != null) {
      thread.interrupt();
    }
    if (node != null) {
      node.close();
    }
  }

  private byte[] digest() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
    add(content(file), digest);
    read.settings().files().forEach(other -> add(content(other), digest));
    add(nodeContent, digest);
    return digest.digest();
  }

  private static byte @Nullable [] content(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException gone) {
      // A file that is gone for a moment, as during a swap, differs from one that is there.
      return null;
    }
  }

  private static void add(byte @Nullable [] content, MessageDigest digest) {
    int length = content == null ? -1 : content.length;
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(length).flip());
    if (content != null) {
      digest.update(content);
    }
  }
}
