package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.cli.settings.RouterSettings;
import io.warmpath.config.ConfigException;
import io.warmpath.config.ConfigReader;
import io.warmpath.router.Router;
import io.warmpath.router.RouterConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A router's config file, read at start and again whenever it changes. Used by one thread at a
 * time.
 */
final class ConfigWatch {

  /*
   * The contents are compared, not times: a ConfigMap changes by a swapped symbolic link two
   * folders up, editors replace files, and some file systems keep seconds only. Reading a few files
   * of some kilobytes a second costs less than a file watcher with a case for each of these.
   */
  private static final Logger LOG = LoggerFactory.getLogger(ConfigWatch.class);

  private final Path file;
  private RouterSettings settings;
  private RouterConfig config;
  private byte[] digest;

  private ConfigWatch(Path file, RouterSettings settings, RouterConfig config, byte[] digest) {
    this.file = file;
    this.settings = settings;
    this.config = config;
    this.digest = digest;
  }

  /**
   * Reads the config.
   *
   * @throws ConfigException with everything that is wrong in it
   */
  static ConfigWatch read(Path file) throws ConfigException, CommandFailure {
    RouterSettings settings = new ConfigReader(System.getenv()).read(file, RouterSettings.class);
    return new ConfigWatch(file, settings, config(file, settings), digest(file, settings.files()));
  }

  /** Returns the config that was read last. */
  RouterConfig config() {
    return config;
  }

  /** Starts a daemon thread that gives {@code router} each change of the file. */
  void follow(Router router) {
    Duration period = settings.reloadPeriod();
    if (period != null) {
      Thread.ofPlatform().daemon().name("warmpath-config").start(() -> pollForever(router, period));
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
          LOG.error("the config file could not be followed; trying again", bug);
        }
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks at the files once and gives the router what changed. */
  void poll(Router router) throws InterruptedException {
    byte[] now = digest(file, settings.files());
    if (MessageDigest.isEqual(now, digest)) {
      return;
    }
    digest = now;
    try {
      RouterSettings next = new ConfigReader(System.getenv()).read(file, RouterSettings.class);
      RouterConfig nextConfig = config(file, next);
      router.reload(nextConfig);
      settings = next;
      config = nextConfig;
      // The new config may be made of other files.
      digest = digest(file, settings.files());
    } catch (ConfigException | CommandFailure refused) {
      router.refuseConfig(Failures.sentence(refused));
    }
  }

  private static RouterConfig config(Path file, RouterSettings settings) throws CommandFailure {
    try {
      return settings.config();
    } catch (IllegalArgumentException refused) {
      throw CommandFailure.badInput(file + ": " + refused.getMessage());
    }
  }

  private static byte[] digest(Path file, List<Path> others) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
    add(file, digest);
    others.forEach(other -> add(other, digest));
    return digest.digest();
  }

  private static void add(Path file, MessageDigest digest) {
    @Var byte @Nullable [] content = null;
    try {
      content = Files.readAllBytes(file);
    } catch (IOException gone) {
      // A file that is gone for a moment, as during a swap, differs from one that is there.
    }
    int length = content == null ? -1 : content.length;
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(length).flip());
    if (content != null) {
      digest.update(content);
    }
  }
}
