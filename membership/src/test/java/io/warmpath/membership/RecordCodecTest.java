package io.warmpath.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.warmpath.membership.Decoded.Refusal;
import io.warmpath.membership.Decoded.Refused;
import io.warmpath.membership.Decoded.Valid;
import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.SeededCases;
import io.warmpath.v1.FamilyShare;
import io.warmpath.v1.ReplicaRecord;
import io.warmpath.v1.ReplicaState;
import io.warmpath.v1.RouterRecord;
import io.warmpath.v1.ServedModel;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class RecordCodecTest {

  @Test
  void encode_typicalReport_isUnderOneKibibyteAndReadsBack() {
    ReplicaReport report = Reports.ready("vllm-llama-7d9c5b6f4-x2k8q", 1_763_726_934_512L, 4_711);

    byte[] data = RecordCodec.encode(report);

    assertThat(data).hasSizeBetween(500, 1_023);
    assertSame(valid(RecordCodec.decodeReplica(data)), report);
  }

  @Test
  void encode_withoutAnchors_isUnderHalfAKibibyte() {
    ReplicaReport report =
        Reports.with(ReplicaReport.State.READY, "vllm-llama-7d9c5b6f4-x2k8q", 1, 1, 0);

    assertThat(RecordCodec.encode(report)).hasSizeLessThan(512);
  }

  @Test
  void encode_moreAnchorsThanFit_keepsTheNewest() {
    ReplicaReport report = Reports.with(ReplicaReport.State.READY, "a", 1, 1, 1_000);

    RecentAnchors anchors = valid(RecordCodec.decodeReplica(RecordCodec.encode(report))).anchors();

    assertThat(anchors.size()).isEqualTo(RecordCodec.MAX_ANCHORS);
    assertThat(anchors.hash(RecordCodec.MAX_ANCHORS - 1)).isEqualTo(report.anchors().hash(999));
    assertThat(anchors.hash(0)).isEqualTo(report.anchors().hash(1_000 - RecordCodec.MAX_ANCHORS));
  }

  @Test
  void encode_nothingEvicted_readsBackAsInfinite() {
    ReplicaReport report =
        new ReplicaReport(
            new ReplicaReport.Identity("a", "h:1", List.of(), Map.of("rack", ""), 2.5),
            0,
            0,
            ReplicaReport.State.STARTING,
            0,
            ReplicaReport.Load.IDLE,
            new ReplicaReport.Cache(0, 0, 0, 0, Double.POSITIVE_INFINITY),
            new PrefillSpeed(1, 0),
            List.of(),
            RecentAnchors.NONE,
            new ReplicaReport.Totals(0, 0, 0));

    assertSame(valid(RecordCodec.decodeReplica(RecordCodec.encode(report))), report);
  }

  @Test
  void encode_reportThatReadersWouldRefuse_throwsNamingTheField() {
    ReplicaReport report = Reports.ready("no such id", 1, 1);

    assertThatThrownBy(() -> RecordCodec.encode(report))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("replica_id");
  }

  @Test
  void router_readsBack() {
    RouterInfo router = new RouterInfo("router-0", 17, "10.0.0.1:8080", "");

    assertThat(RecordCodec.decodeRouter(RecordCodec.encode(router))).isEqualTo(new Valid<>(router));
  }

  @Test
  void decode_higherFormat_isRefusedWithBothNumbers() {
    byte[] replica = changed(record -> record.setFormatVersion(2));
    byte[] router = RouterRecord.newBuilder().setFormatVersion(9).build().toByteArray();

    assertThat(RecordCodec.decodeReplica(replica))
        .isEqualTo(
            new Refused<>(
                Refusal.NEWER_FORMAT,
                "record format 2 is newer than 1, the newest that this version of warmpath reads"));
    assertThat(refusal(RecordCodec.decodeRouter(router))).isEqualTo(Refusal.NEWER_FORMAT);
  }

  @Test
  void decode_tooLong_isRefusedUnread() {
    byte[] data = new byte[RecordCodec.MAX_RECORD_BYTES + 1];

    assertThat(refusal(RecordCodec.decodeReplica(data))).isEqualTo(Refusal.TOO_LARGE);
    assertThat(refusal(RecordCodec.decodeRouter(data))).isEqualTo(Refusal.TOO_LARGE);
  }

  static Stream<Arguments> badFields() {
    return Stream.of(
        bad("format_version", r -> r.clearFormatVersion()),
        bad("replica_id", r -> r.setReplicaId("../x")),
        bad("replica_id", r -> r.setReplicaId("..")),
        bad("address is empty", r -> r.clearAddress()),
        bad("epoch", r -> r.setEpoch(-1)),
        bad("sequence", r -> r.setSequence(-1)),
        bad("state", r -> r.clearState()),
        bad("state", r -> r.setStateValue(77)),
        bad("weight", r -> r.setWeight(Double.NaN)),
        bad("weight", r -> r.setWeight(0)),
        bad("ready_seconds", r -> r.setReadySeconds(Double.NaN)),
        bad("pending_prefill_tokens", r -> r.setPendingPrefillTokens(-1)),
        bad("pending_work_seconds", r -> r.setPendingWorkSeconds(Double.POSITIVE_INFINITY)),
        bad("running_requests: 4294967295", r -> r.setRunningRequests(-1)),
        bad("kv_capacity_tokens", r -> r.setKvCapacityTokens(Long.MIN_VALUE)),
        bad("saturation", r -> r.setSaturation(1.01)),
        bad("eviction_age_seconds", r -> r.setEvictionAgeSeconds(-0.5)),
        bad("tokensPerSecond", r -> r.clearPrefillTokensPerSecond()),
        bad("prefill_overhead_seconds", r -> r.setPrefillOverheadSeconds(Double.NaN)),
        bad("work_share", r -> r.setFamilies(0, FamilyShare.newBuilder().setWorkShare(Float.NaN))),
        bad("families", r -> r.addFamilies(FamilyShare.getDefaultInstance())),
        bad("24 anchor_hashes, 25 anchor_age_millis", r -> r.addAnchorAgeMillis(1)),
        bad("anchor_age_millis", r -> r.setAnchorAgeMillis(0, -1)),
        bad("models is empty", r -> r.addModels(ServedModel.getDefaultInstance())),
        bad("label zone has 257", r -> r.putLabels("zone", "z".repeat(257))),
        bad("cached_tokens_total", r -> r.setCachedTokensTotal(-1)));
  }

  private static Arguments bad(String fragment, Consumer<ReplicaRecord.Builder> change) {
    return Arguments.of(fragment, change);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badFields")
  void decode_badField_isRefusedNamingIt(String fragment, Consumer<ReplicaRecord.Builder> change) {
    assertThat(RecordCodec.decodeReplica(changed(change)))
        .isInstanceOfSatisfying(
            Refused.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo(Refusal.INVALID);
              assertThat(refused.message()).contains(fragment);
            });
  }

  /* 20,000 damaged records; the encoder checks by decoding, so what it takes must encode again. */
  @Test
  void decode_damagedBytes_isRefusedOrSound() {
    byte[] sound = RecordCodec.encode(Reports.ready("replica-1", 1_763_726_934_512L, 4_711));
    SeededCases.run(
        20_000,
        random -> {
          byte[] data = damage(sound, random);
          if (RecordCodec.decodeReplica(data) instanceof Valid<ReplicaReport>(var report)) {
            assertSame(valid(RecordCodec.decodeReplica(RecordCodec.encode(report))), report);
          }
          if (RecordCodec.decodeRouter(data) instanceof Valid<RouterInfo>(var router)) {
            assertThat(valid(RecordCodec.decodeRouter(RecordCodec.encode(router))))
                .isEqualTo(router);
          }
        });
  }

  private static byte[] damage(byte[] sound, SplittableRandom random) {
    return switch (random.nextInt(4)) {
      case 0 -> Arrays.copyOf(sound, random.nextInt(sound.length + 1));
      case 1 -> {
        byte[] noise = new byte[random.nextInt(300)];
        random.nextBytes(noise);
        yield noise;
      }
      case 2 -> {
        byte[] twice = Arrays.copyOf(sound, 2 * sound.length);
        System.arraycopy(sound, 0, twice, sound.length, sound.length);
        yield flip(twice, random);
      }
      default -> flip(sound.clone(), random);
    };
  }

  private static byte[] flip(byte[] data, SplittableRandom random) {
    for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
      data[random.nextInt(data.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return data;
  }

  private static byte[] changed(Consumer<ReplicaRecord.Builder> change) {
    try {
      ReplicaRecord.Builder record =
          ReplicaRecord.newBuilder().mergeFrom(RecordCodec.encode(Reports.ready("a", 1, 1)));
      assertThat(record.getState()).isEqualTo(ReplicaState.REPLICA_STATE_READY);
      change.accept(record);
      return record.build().toByteArray();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  private static Refusal refusal(Decoded<?> decoded) {
    assertThat(decoded).isInstanceOf(Refused.class);
    return ((Refused<?>) decoded).reason();
  }

  private static <T> T valid(Decoded<T> decoded) {
    assertThat(decoded).isInstanceOf(Valid.class);
    return ((Valid<T>) decoded).value();
  }

  private static void assertSame(ReplicaReport actual, ReplicaReport expected) {
    assertThat(withoutAnchors(actual)).isEqualTo(withoutAnchors(expected));
    assertThat(anchors(actual)).isEqualTo(anchors(expected));
  }

  private static long[] anchors(ReplicaReport report) {
    RecentAnchors anchors = report.anchors();
    long[] all = new long[2 * anchors.size()];
    for (int i = 0; i < anchors.size(); i++) {
      all[2 * i] = anchors.hash(i);
      all[2 * i + 1] = anchors.ageMillis(i);
    }
    return all;
  }

  private static ReplicaReport withoutAnchors(ReplicaReport report) {
    return new ReplicaReport(
        report.identity(),
        report.epoch(),
        report.sequence(),
        report.state(),
        report.readySeconds(),
        report.load(),
        report.cache(),
        report.prefill(),
        report.families(),
        RecentAnchors.NONE,
        report.totals());
  }
}
