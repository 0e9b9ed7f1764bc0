package io.warmpath.membership;

import io.warmpath.routing.PrefillSpeed;
import io.warmpath.routing.RecentAnchors;
import io.warmpath.routing.ReplicaReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reports as an agent in service would write them. */
final class Reports {

  private Reports() {}

  /** A report of a busy replica. */
  static ReplicaReport ready(String id, long epoch, long sequence) {
    return in(ReplicaReport.State.READY, id, epoch, sequence);
  }

  static ReplicaReport in(ReplicaReport.State state, String id, long epoch, long sequence) {
    return with(state, id, epoch, sequence, 24);
  }

  static ReplicaReport with(
      ReplicaReport.State state, String id, long epoch, long sequence, int anchors) {
    return new ReplicaReport(
        new ReplicaReport.Identity(
            id,
            "10.11.12.13:9000",
            List.of(
                new ReplicaReport.ServedModel(
                    "meta-llama/Llama-3.1-8B-Instruct", 131_072, List.of("sql", "support"))),
            Map.of("zone", "eu-west-1a", "gpu", "h100"),
            1),
        epoch,
        sequence,
        state,
        3_600.25,
        new ReplicaReport.Load(48_211, 0.964, 37, 5, 0.61),
        new ReplicaReport.Cache(212_480, 467_280, 16, 390_112, 184.5),
        new PrefillSpeed(50_505.05, 0.0125),
        families(),
        anchors(anchors, sequence),
        new ReplicaReport.Totals(81_222_144, 140_112_640, 11_431));
  }

  private static List<ReplicaReport.FamilyShare> families() {
    List<ReplicaReport.FamilyShare> families = new ArrayList<>();
    for (int i = 0; i < RecordCodec.MAX_FAMILIES; i++) {
      families.add(
          new ReplicaReport.FamilyShare(
              0x9E37_79B9_7F4A_7C15L * (i + 1), (float) (0.25 / (i + 1)), 0.125));
    }
    return families;
  }

  private static RecentAnchors anchors(int size, long sequence) {
    long[] hashes = new long[size];
    int[] ageMillis = new int[size];
    for (int i = 0; i < size; i++) {
      hashes[i] = 0xC2B2_AE3D_27D4_EB4FL * (sequence * 31 + i + 1);
      ageMillis[i] = (size - i) * 20;
    }
    return new RecentAnchors(hashes, ageMillis);
  }
}
