package io.warmpath.membership;

import java.util.regex.Pattern;

/**
 * Where a cluster's records lie in ZooKeeper: {@code <root>/replicas/<id>}, {@code
 * <root>/routers/<id>} and {@code <root>/config}.
 *
 * @param root absolute path without a trailing slash, such as {@code /warmpath}
 */
public record ClusterPaths(String root) {

  /** The root unless configured otherwise. */
  public static final String DEFAULT_ROOT = "/warmpath";

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,128}");
  private static final Pattern ROOT = Pattern.compile("(/[A-Za-z0-9._-]{1,128}){1,8}");

  public ClusterPaths {
    if (!ROOT.matcher(root).matches() || hasDots(root) || isReserved(root)) {
      throw new IllegalArgumentException(
          "zookeeper.root is '"
              + root
              + "'; allowed are 1 to 8 names of [A-Za-z0-9._-] with a slash before each, not under"
              + " /zookeeper");
    }
  }

  /** Parent of all replicas. */
  public String replicas() {
    return root + "/replicas";
  }

  /** The znode of one replica. */
  public String replica(String id) {
    return replicas() + "/" + checkId(id);
  }

  /** Parent of all routers. */
  public String routers() {
    return root + "/routers";
  }

  /** The znode of one router. */
  public String router(String id) {
    return routers() + "/" + checkId(id);
  }

  /** The dynamic config, written by the operator. */
  public String config() {
    return root + "/config";
  }

  /** Returns whether {@code id} can name a replica or router. */
  static boolean isId(String id) {
    return ID.matcher(id).matches() && !id.equals(".") && !id.equals("..");
  }

  private static String checkId(String id) {
    if (!isId(id)) {
      throw new IllegalArgumentException(
          "id is '" + id + "'; allowed are 1 to 128 characters of [A-Za-z0-9._-]");
    }
    return id;
  }

  private static boolean hasDots(String path) {
    return (path + "/").contains("/./") || (path + "/").contains("/../");
  }

  private static boolean isReserved(String path) {
    return path.equals("/zookeeper") || path.startsWith("/zookeeper/");
  }
}
