package io.warmpath.membership;

import com.google.protobuf.InvalidProtocolBufferException;
import io.warmpath.membership.Decoded.Refusal;
import io.warmpath.membership.Decoded.Refused;
import io.warmpath.membership.Decoded.Valid;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.v1.FamilyShare;
import io.warmpath.v1.ReplicaRecord;
import io.warmpath.v1.ReplicaState;
import io.warmpath.v1.RouterRecord;
import io.warmpath.v1.ServedModel;
import java.util.ArrayList;
import java.util.List;

/**
 * Translates between reports and the bytes of their znodes: protobuf with a format number in front.
 *
 * <p>Whatever the bytes, decoding returns; a record that breaks a limit below is refused whole.
 */
public final class RecordCodec {

  /** The format written, and the highest one read. */
  public static final int FORMAT_VERSION = 1;

  /** Longest record in bytes. */
  public static final int MAX_RECORD_BYTES = 64 * 1024;

  /** Most anchors in a record; the newest are kept. */
  public static final int MAX_ANCHORS = 128;

  /** Most families in a record; the first are kept. */
  public static final int MAX_FAMILIES = 8;

  static final int MAX_LABELS = 16;
  static final int MAX_MODELS = 64;
  static final int MAX_ADAPTERS = 256;
  static final int MAX_TEXT_LENGTH = 256;

  private RecordCodec() {}

  /**
   * Encodes a report; anchors and families beyond their limits are left out.
   *
   * @throws IllegalArgumentException when a reader would refuse the record
   */
  public static byte[] encode(ReplicaReport report) {
    ReplicaRecord.Builder record = ReplicaRecord.newBuilder().setFormatVersion(FORMAT_VERSION);
    writeIdentity(report.identity(), record);
    writeLoad(report.load(), record);
    writeCache(report.cache(), record);
    writeFamilies(report.families(), record);
    writeAnchors(report.anchors(), record);
    record
        .setEpoch(report.epoch())
        .setSequence(report.sequence())
        .setState(toWire(report.state()))
        .setReadySeconds(report.readySeconds())
        .setPrefillTokensPerSecond(report.prefill().tokensPerSecond())
        .setPrefillOverheadSeconds(report.prefill().overheadSeconds())
        .setCachedTokensTotal(report.totals().cachedTokens())
        .setComputedTokensTotal(report.totals().computedTokens())
        .setRequestsTotal(report.totals().requests());
    byte[] data = record.build().toByteArray();
    return checked(data, decodeReplica(data));
  }

  /**
   * Encodes a router's record.
   *
   * @throws IllegalArgumentException when a reader would refuse the record
   */
  public static byte[] encode(RouterInfo router) {
    byte[] data =
        RouterRecord.newBuilder()
            .setFormatVersion(FORMAT_VERSION)
            .setRouterId(router.id())
            .setEpoch(router.epoch())
            .setGrpcAddress(router.grpcAddress())
            .setAdminAddress(router.adminAddress())
            .build()
            .toByteArray();
    return checked(data, decodeRouter(data));
  }

  /** Decodes the bytes of a replica's znode. */
  public static Decoded<ReplicaReport> decodeReplica(byte[] data) {
    if (data.length > MAX_RECORD_BYTES) {
      return tooLarge(data);
    }
    try {
      ReplicaRecord record = ReplicaRecord.parseFrom(data);
      if (record.getFormatVersion() > FORMAT_VERSION) {
        return newerFormat(record.getFormatVersion());
      }
      checkFormat(record.getFormatVersion());
      return new Valid<>(readReport(record));
    } catch (InvalidProtocolBufferException e) {
      return new Refused<>(Refusal.MALFORMED, "not a replica record: " + e.getMessage());
    } catch (IllegalArgumentException e) {
      return new Refused<>(Refusal.INVALID, "invalid replica record: " + e.getMessage());
    }
  }

  /** Decodes the bytes of a router's znode. */
  public static Decoded<RouterInfo> decodeRouter(byte[] data) {
    if (data.length > MAX_RECORD_BYTES) {
      return tooLarge(data);
    }
    try {
      RouterRecord record = RouterRecord.parseFrom(data);
      if (record.getFormatVersion() > FORMAT_VERSION) {
        return newerFormat(record.getFormatVersion());
      }
      checkFormat(record.getFormatVersion());
      return new Valid<>(
          new RouterInfo(
              record.getRouterId(),
              record.getEpoch(),
              text("grpc_address", record.getGrpcAddress()),
              optionalText("admin_address", record.getAdminAddress())));
    } catch (InvalidProtocolBufferException e) {
      return new Refused<>(Refusal.MALFORMED, "not a router record: " + e.getMessage());
    } catch (IllegalArgumentException e) {
      return new Refused<>(Refusal.INVALID, "invalid router record: " + e.getMessage());
    }
  }

  private static <T> byte[] checked(byte[] data, Decoded<T> readBack) {
    if (readBack instanceof Refused<T> refused) {
      throw new IllegalArgumentException(refused.message());
    }
    return data;
  }

  private static <T> Refused<T> tooLarge(byte[] data) {
    return new Refused<>(
        Refusal.TOO_LARGE, data.length + " bytes; allowed are " + MAX_RECORD_BYTES);
  }

  private static <T> Refused<T> newerFormat(int version) {
    return new Refused<>(
        Refusal.NEWER_FORMAT,
        "record format %s is newer than %d, the newest that this version of warmpath reads"
            .formatted(Integer.toUnsignedString(version), FORMAT_VERSION));
  }

  // ---- writing

  private static void writeIdentity(ReplicaReport.Identity identity, ReplicaRecord.Builder record) {
    record
        .setReplicaId(identity.id())
        .setAddress(identity.address())
        .putAllLabels(identity.labels())
        .setWeight(identity.weight());
    for (ReplicaReport.ServedModel model : identity.models()) {
      record.addModels(
          ServedModel.newBuilder()
              .setName(model.name())
              .setMaxModelLenTokens(model.maxModelLenTokens())
              .addAllLoraAdapters(model.loraAdapters()));
    }
  }

  private static void writeLoad(ReplicaReport.Load load, ReplicaRecord.Builder record) {
    record
        .setPendingPrefillTokens(load.pendingPrefillTokens())
        .setPendingWorkSeconds(load.pendingWorkSeconds())
        .setRunningRequests(load.runningRequests())
        .setWaitingRequests(load.waitingRequests())
        .setSaturation(load.saturation());
  }

  private static void writeCache(ReplicaReport.Cache cache, ReplicaRecord.Builder record) {
    record
        .setKvUsedTokens(cache.usedTokens())
        .setKvCapacityTokens(cache.capacityTokens())
        .setBlockSizeTokens(cache.blockSizeTokens())
        .setWorkingSetTokens(cache.workingSetTokens());
    if (cache.evictionAgeSeconds() != Double.POSITIVE_INFINITY) {
      record.setEvictionAgeSeconds(cache.evictionAgeSeconds());
    }
  }

  private static void writeFamilies(
      List<ReplicaReport.FamilyShare> families, ReplicaRecord.Builder record) {
    for (ReplicaReport.FamilyShare share :
        families.subList(0, Math.min(families.size(), MAX_FAMILIES))) {
      record.addFamilies(
          FamilyShare.newBuilder()
              .setFamily(share.family())
              .setWorkShare((float) share.workShare())
              .setRequestShare((float) share.requestShare()));
    }
  }

  private static void writeAnchors(RecentAnchors anchors, ReplicaRecord.Builder record) {
    for (int i = Math.max(0, anchors.size() - MAX_ANCHORS); i < anchors.size(); i++) {
      record.addAnchorHashes(anchors.hash(i)).addAnchorAgeMillis(anchors.ageMillis(i));
    }
  }

  private static ReplicaState toWire(ReplicaReport.State state) {
    return switch (state) {
      case STARTING -> ReplicaState.REPLICA_STATE_STARTING;
      case READY -> ReplicaState.REPLICA_STATE_READY;
      case DRAINING -> ReplicaState.REPLICA_STATE_DRAINING;
      case UNKNOWN -> ReplicaState.REPLICA_STATE_UNKNOWN;
      case DOWN -> ReplicaState.REPLICA_STATE_DOWN;
    };
  }

  // ---- reading

  private static ReplicaReport readReport(ReplicaRecord record) {
    return new ReplicaReport(
        readIdentity(record),
        count("epoch", record.getEpoch()),
        count("sequence", record.getSequence()),
        readState(record.getState()),
        finite("ready_seconds", record.getReadySeconds()),
        new ReplicaReport.Load(
            count("pending_prefill_tokens", record.getPendingPrefillTokens()),
            finite("pending_work_seconds", record.getPendingWorkSeconds()),
            count("running_requests", record.getRunningRequests()),
            count("waiting_requests", record.getWaitingRequests()),
            share("saturation", record.getSaturation())),
        readCache(record),
        new PrefillSpeed(
            finite("prefill_tokens_per_second", record.getPrefillTokensPerSecond()),
            finite("prefill_overhead_seconds", record.getPrefillOverheadSeconds())),
        readFamilies(record),
        readAnchors(record),
        new ReplicaReport.Totals(
            count("cached_tokens_total", record.getCachedTokensTotal()),
            count("computed_tokens_total", record.getComputedTokensTotal()),
            count("requests_total", record.getRequestsTotal())));
  }

  private static ReplicaReport.Identity readIdentity(ReplicaRecord record) {
    if (!ClusterPaths.isId(record.getReplicaId())) {
      throw new IllegalArgumentException("replica_id is not 1 to 128 of [A-Za-z0-9._-]");
    }
    atMost("labels", record.getLabelsCount(), MAX_LABELS);
    record
        .getLabelsMap()
        .forEach((name, value) -> {
          text("label name", name);
          optionalText("label " + name, value);
        });
    return new ReplicaReport.Identity(
        record.getReplicaId(),
        text("address", record.getAddress()),
        readModels(record),
        record.getLabelsMap(),
        record.getWeight());
  }

  private static List<ReplicaReport.ServedModel> readModels(ReplicaRecord record) {
    atMost("models", record.getModelsCount(), MAX_MODELS);
    List<ReplicaReport.ServedModel> models = new ArrayList<>(record.getModelsCount());
    for (ServedModel model : record.getModelsList()) {
      atMost("lora_adapters", model.getLoraAdaptersCount(), MAX_ADAPTERS);
      model.getLoraAdaptersList().forEach(adapter -> text("lora_adapters", adapter));
      models.add(
          new ReplicaReport.ServedModel(
              text("models", model.getName()),
              count("max_model_len_tokens", model.getMaxModelLenTokens()),
              model.getLoraAdaptersList()));
    }
    return models;
  }

  private static ReplicaReport.State readState(ReplicaState state) {
    return switch (state) {
      case REPLICA_STATE_STARTING -> ReplicaReport.State.STARTING;
      case REPLICA_STATE_READY -> ReplicaReport.State.READY;
      case REPLICA_STATE_DRAINING -> ReplicaReport.State.DRAINING;
      case REPLICA_STATE_UNKNOWN -> ReplicaReport.State.UNKNOWN;
      case REPLICA_STATE_DOWN -> ReplicaReport.State.DOWN;
      case REPLICA_STATE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("state is none that is known");
    };
  }

  private static ReplicaReport.Cache readCache(ReplicaRecord record) {
    return new ReplicaReport.Cache(
        count("kv_used_tokens", record.getKvUsedTokens()),
        count("kv_capacity_tokens", record.getKvCapacityTokens()),
        count("block_size_tokens", record.getBlockSizeTokens()),
        count("working_set_tokens", record.getWorkingSetTokens()),
        record.hasEvictionAgeSeconds()
            ? finite("eviction_age_seconds", record.getEvictionAgeSeconds())
            : Double.POSITIVE_INFINITY);
  }

  private static List<ReplicaReport.FamilyShare> readFamilies(ReplicaRecord record) {
    atMost("families", record.getFamiliesCount(), MAX_FAMILIES);
    List<ReplicaReport.FamilyShare> families = new ArrayList<>(record.getFamiliesCount());
    for (FamilyShare family : record.getFamiliesList()) {
      families.add(
          new ReplicaReport.FamilyShare(
              family.getFamily(),
              share("work_share", family.getWorkShare()),
              share("request_share", family.getRequestShare())));
    }
    return families;
  }

  private static RecentAnchors readAnchors(ReplicaRecord record) {
    int size = record.getAnchorHashesCount();
    atMost("anchor_hashes", size, MAX_ANCHORS);
    if (record.getAnchorAgeMillisCount() != size) {
      throw new IllegalArgumentException(
          size + " anchor_hashes, " + record.getAnchorAgeMillisCount() + " anchor_age_millis");
    }
    if (size == 0) {
      return RecentAnchors.NONE;
    }
    long[] hashes = new long[size];
    int[] ageMillis = new int[size];
    for (int i = 0; i < size; i++) {
      hashes[i] = record.getAnchorHashes(i);
      ageMillis[i] = count("anchor_age_millis", record.getAnchorAgeMillis(i));
    }
    return new RecentAnchors(hashes, ageMillis);
  }

  // ---- ranges

  private static void checkFormat(int version) {
    if (version < 1) {
      throw new IllegalArgumentException("format_version: " + version);
    }
  }

  private static String text(String field, String value) {
    if (value.isEmpty()) {
      throw new IllegalArgumentException(field + " is empty");
    }
    return optionalText(field, value);
  }

  private static String optionalText(String field, String value) {
    if (value.length() > MAX_TEXT_LENGTH) {
      throw new IllegalArgumentException(
          "%s has %d characters; allowed are %d".formatted(field, value.length(), MAX_TEXT_LENGTH));
    }
    return value;
  }

  private static void atMost(String field, int size, int limit) {
    if (size > limit) {
      throw new IllegalArgumentException(size + " " + field + "; allowed are " + limit);
    }
  }

  /* Unsigned wire types come as signed ones: beyond half their range they look negative. */
  private static long count(String field, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(field + ": " + Long.toUnsignedString(value));
    }
    return value;
  }

  private static int count(String field, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(field + ": " + Integer.toUnsignedString(value));
    }
    return value;
  }

  private static double finite(String field, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(field + ": " + value);
    }
    return value;
  }

  private static double share(String field, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(field + ": " + value);
    }
    return value;
  }
}
