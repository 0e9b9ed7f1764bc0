package io.warmpath.membership;

import io.warmpath.routing.ReplicaReport;
import io.warmpath.routing.ReplicaReport.State;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * A kind of record and how its parts are read.
 *
 * @param noun for the log
 * @param folder parent of its znodes
 * @param encoder to bytes
 * @param decoder from bytes
 * @param id name of its znode
 * @param epoch fences an older writer of the same id
 * @param sequence orders the records of one epoch
 * @param leaving whether its last word announced that it will go
 */
record RecordKind<T>(
    String noun,
    Function<ClusterPaths, String> folder,
    Function<T, byte[]> encoder,
    Function<byte[], Decoded<T>> decoder,
    Function<T, String> id,
    ToLongFunction<T> epoch,
    ToLongFunction<T> sequence,
    Predicate<T> leaving) {

  static final RecordKind<ReplicaReport> REPLICA =
      new RecordKind<>(
          "replica",
          ClusterPaths::replicas,
          RecordCodec::encode,
          RecordCodec::decodeReplica,
          ReplicaReport::id,
          ReplicaReport::epoch,
          ReplicaReport::sequence,
          report -> report.state() == State.DRAINING || report.state() == State.DOWN);

  static final RecordKind<RouterInfo> ROUTER =
      new RecordKind<>(
          "router",
          ClusterPaths::routers,
          RecordCodec::encode,
          RecordCodec::decodeRouter,
          RouterInfo::id,
          RouterInfo::epoch,
          router -> 0,
          router -> false);

  String path(ClusterPaths paths, String recordId) {
    if (!ClusterPaths.isId(recordId)) {
      throw new IllegalArgumentException(
          noun + " id is '" + recordId + "'; allowed are 1 to 128 characters of [A-Za-z0-9._-]");
    }
    return folder.apply(paths) + "/" + recordId;
  }
}
