package io.warmpath.membership;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * Znode operations within one ZooKeeper session; each fails at once when that session is cut off,
 * and none is repeated here.
 *
 * <p>They bypass Curator's retries, because a retry must send the newest report and not the one
 * that failed.
 */
final class ZnodeSession {

  /** Reads under way at once; the server stops reading from a client at 1,000. */
  private static final int READS_IN_FLIGHT = 256;

  /** Versions below this are skipped when a znode is replaced by a new one. */
  private static final int VERSIONS_SKIPPED = 16;

  private static final int ANY_VERSION = -1;

  private final ZooKeeper zooKeeper;
  private final List<ACL> acl;

  ZnodeSession(ZooKeeper zooKeeper, List<ACL> acl) {
    this.zooKeeper = zooKeeper;
    this.acl = acl;
  }

  /**
   * A znode as read.
   *
   * @param data its bytes
   * @param creation ZooKeeper's transaction number of its creation; a later znode has a higher one
   * @param version counts its changes from 0; starts again when it is created again
   * @param owner session that it lives and dies with, 0 for a persistent one
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Node(byte[] data, long creation, int version, long owner) {}

  long id() {
    return zooKeeper.getSessionId();
  }

  @Nullable Node read(String path) throws KeeperException, InterruptedException {
    Stat stat = new Stat();
    try {
      return node(zooKeeper.getData(path, false, stat), stat);
    } catch (KeeperException.NoNodeException absent) {
      return null;
    }
  }

  /** Reads many znodes, several at a time; the answer holds null where there is none. */
  List<@Nullable Node> readAll(List<String> paths, long timeoutMillis)
      throws KeeperException, InterruptedException {
    List<@Nullable Node> nodes = new ArrayList<>(paths.size());
    for (int from = 0; from < paths.size(); from += READS_IN_FLIGHT) {
      int to = Math.min(paths.size(), from + READS_IN_FLIGHT);
      readBatch(paths.subList(from, to), timeoutMillis, nodes);
    }
    return nodes;
  }

  private void readBatch(List<String> paths, long timeoutMillis, List<@Nullable Node> target)
      throws KeeperException, InterruptedException {
    AtomicReferenceArray<@Nullable Node> nodes = new AtomicReferenceArray<>(paths.size());
    AtomicReference<@Nullable Code> failure = new AtomicReference<>();
    CountDownLatch open = new CountDownLatch(paths.size());
    for (int i = 0; i < paths.size(); i++) {
      int index = i;
      zooKeeper.getData(
          paths.get(i),
          false,
          (code, path, context, data, stat) -> {
            if (code == Code.OK.intValue()) {
              nodes.set(index, node(data, stat));
            } else if (code != Code.NONODE.intValue()) {
              failure.set(Code.get(code));
            }
            open.countDown();
          },
          null);
    }
    if (!open.await(timeoutMillis, TimeUnit.MILLISECONDS)) {
      throw new KeeperException.OperationTimeoutException();
    }
    Code failed = failure.get();
    if (failed != null) {
      throw KeeperException.create(failed);
    }
    for (int i = 0; i < paths.size(); i++) {
      target.add(nodes.get(i));
    }
  }

  List<String> children(String path) throws KeeperException, InterruptedException {
    return zooKeeper.getChildren(path, false);
  }

  /** Number of {@code path}'s children, 0 when it does not exist. */
  int childCount(String path) throws KeeperException, InterruptedException {
    Stat stat = zooKeeper.exists(path, false);
    return stat == null ? 0 : stat.getNumChildren();
  }

  /**
   * Watches {@code path} and all below until the session ends; again for the same has no effect.
   */
  void watch(String path, Watcher watcher) throws KeeperException, InterruptedException {
    zooKeeper.addWatch(path, watcher, AddWatchMode.PERSISTENT_RECURSIVE);
  }

  /** Creates a znode that goes with this session; its version is 0. */
  void createEphemeral(String path, byte[] data) throws KeeperException, InterruptedException {
    zooKeeper.create(path, data, acl, CreateMode.EPHEMERAL);
  }

  /** Creates {@code path} and its parents where they are missing. */
  void createParents(String path) throws KeeperException, InterruptedException {
    for (int slash = path.indexOf('/', 1); ; slash = path.indexOf('/', slash + 1)) {
      String prefix = slash < 0 ? path : path.substring(0, slash);
      if (zooKeeper.exists(prefix, false) == null) {
        try {
          zooKeeper.create(prefix, new byte[0], acl, CreateMode.PERSISTENT);
        } catch (KeeperException.NodeExistsException createdByAnother) {
          // Just what is wanted.
        }
      }
      if (slash < 0) {
        return;
      }
    }
  }

  /** Writes a znode that stays, whatever it holds. */
  void put(String path, byte[] data) throws KeeperException, InterruptedException {
    createParents(path);
    zooKeeper.setData(path, data, ANY_VERSION);
  }

  /** Deletes a znode, if it is there, whatever it holds. */
  void deleteIfThere(String path) throws KeeperException, InterruptedException {
    try {
      zooKeeper.delete(path, ANY_VERSION);
    } catch (KeeperException.NoNodeException absent) {
      // Just what is wanted.
    }
  }

  /** Changes a znode that still has {@code version}. */
  Node write(String path, byte[] data, int version) throws KeeperException, InterruptedException {
    return node(data, zooKeeper.setData(path, data, version));
  }

  /**
   * Puts an own ephemeral znode in place of one that still has {@code version}, in one step, and
   * returns the new znode's version. That is another than {@code version}, so that the next write
   * of the one who was replaced fails.
   */
  int replace(String path, int version, byte[] data) throws KeeperException, InterruptedException {
    List<Op> steps = new ArrayList<>();
    steps.add(Op.delete(path, version));
    steps.add(Op.create(path, data, acl, CreateMode.EPHEMERAL));
    // A new znode has version 0 and cannot be given another one but by writing it.
    int writes = version < VERSIONS_SKIPPED ? version + 1 : 0;
    for (int i = 0; i < writes; i++) {
      steps.add(Op.setData(path, data, i));
    }
    zooKeeper.multi(steps);
    return writes;
  }

  void delete(String path, int version) throws KeeperException, InterruptedException {
    zooKeeper.delete(path, version);
  }

  private static Node node(byte @Nullable [] data, Stat stat) {
    return new Node(
        data == null ? new byte[0] : data,
        stat.getCzxid(),
        stat.getVersion(),
        stat.getEphemeralOwner());
  }
}
