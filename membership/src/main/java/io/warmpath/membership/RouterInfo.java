package io.warmpath.membership;

/**
 * What one router says of itself: the content of its znode.
 *
 * @param id unique in the cluster
 * @param epoch milliseconds of the Unix clock when it started; tells a restarted router from its
 *     predecessor's leftover
 * @param grpcAddress host:port of its gRPC front door
 * @param adminAddress host:port of its admin door, empty for none
 */
public record RouterInfo(String id, long epoch, String grpcAddress, String adminAddress) {

  public RouterInfo {
    if (!ClusterPaths.isId(id)) {
      throw new IllegalArgumentException(
          "router id is '" + id + "'; allowed are 1 to 128 characters of [A-Za-z0-9._-]");
    }
    if (epoch < 0) {
      throw new IllegalArgumentException("epoch: " + epoch);
    }
  }
}
