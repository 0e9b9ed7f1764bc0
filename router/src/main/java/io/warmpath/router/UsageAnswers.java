package io.warmpath.router;

import io.grpc.stub.StreamObserver;
import io.warmpath.router.usage.UsageCounts;
import io.warmpath.router.usage.UsageDimension;
import io.warmpath.router.usage.UsageMeter;
import io.warmpath.v1.GetUsageRequest;
import io.warmpath.v1.GetUsageResponse;
import io.warmpath.v1.UsageRow;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers {@code GetUsage}. */
final class UsageAnswers {

  private final String routerId;
  private final UsageMeter meter;

  UsageAnswers(String routerId, UsageMeter meter) {
    this.routerId = routerId;
    this.meter = meter;
  }

  /** Has the meter add up what {@code request} asks for and answer on its own thread. */
  void answer(GetUsageRequest request, StreamObserver<GetUsageResponse> observer)
      throws RequestRefusedException {
    List<UsageDimension> by = dimensions(request);
    GetUsageResponse.Builder response =
        GetUsageResponse.newBuilder().setRouterId(routerId).setDurable(meter.isDurable());
    meter.sum(
        day("from_day", request.getFromDay()),
        day("to_day", request.getToDay()),
        by,
        sums -> {
          sums.forEach((values, counts) -> response.addRows(row(by, values, counts)));
          observer.onNext(response.build());
          observer.onCompleted();
        });
  }

  private static @Nullable LocalDate day(String field, String text) throws RequestRefusedException {
    try {
      return text.isEmpty() ? null : LocalDate.parse(text);
    } catch (DateTimeParseException none) {
      throw RequestRefusedException.badField(
          field, "is '" + Text.shown(text) + "'; allowed is a day such as 2026-11-21");
    }
  }

  private static List<UsageDimension> dimensions(GetUsageRequest request)
      throws RequestRefusedException {
    List<UsageDimension> by = new ArrayList<>();
    for (io.warmpath.v1.UsageDimension dimension : request.getByList()) {
      by.add(
          switch (dimension) {
            case USAGE_DIMENSION_DAY -> UsageDimension.DAY;
            case USAGE_DIMENSION_TENANT -> UsageDimension.TENANT;
            case USAGE_DIMENSION_MODEL -> UsageDimension.MODEL;
            case USAGE_DIMENSION_FAMILY -> UsageDimension.FAMILY;
            case USAGE_DIMENSION_SESSION_CLASS -> UsageDimension.SESSION_CLASS;
            case USAGE_DIMENSION_UNSPECIFIED, UNRECOGNIZED ->
                throw RequestRefusedException.badField("by", "names a dimension that is not known");
          });
    }
    return by;
  }

  private static UsageRow row(List<UsageDimension> by, List<String> values, UsageCounts counts) {
    UsageRow.Builder row =
        UsageRow.newBuilder()
            .setRequests(counts.requests())
            .setEstimatedRequests(counts.estimatedRequests())
            .setPromptTokens(counts.promptTokens())
            .setCachedTokens(counts.cachedTokens())
            .setCompletionTokens(counts.completionTokens())
            .setCostNanos(counts.costNanos())
            .setSavedNanos(counts.savedNanos());
    for (int i = 0; i < values.size(); i++) {
      String value = values.get(i);
      switch (by.get(i)) {
        case DAY -> row.setDay(value);
        case TENANT -> row.setTenant(value);
        case MODEL -> row.setModel(value);
        case FAMILY -> row.setFamily(value);
        case SESSION_CLASS -> row.setSessionClass(value);
      }
    }
    return row.build();
  }
}
