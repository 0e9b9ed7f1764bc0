package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.HostPort;
import io.warmpath.v1.GetUsageRequest;
import io.warmpath.v1.UsageDimension;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code warmpath usage}. */
@Command(
    name = "usage",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Shows the tokens that clients used, and what they cost.")
final class UsageCommand implements Callable<Integer> {

  @Option(
      names = "--router",
      paramLabel = "HOST:PORT",
      converter = RouterAddress.Converter.class,
      description =
          "A router's gRPC address; give it once for each router. Default: 127.0.0.1:9000.")
  private @Var List<HostPort> routers = new ArrayList<>();

  @Mixin private final RouterAccess access = new RouterAccess();

  @Option(
      names = "--by",
      split = ",",
      paramLabel = "WHAT",
      description = "What to tell apart: ${COMPLETION-CANDIDATES}. Default: tenant,model.")
  private @Var List<By> by = new ArrayList<>();

  @Option(
      names = "--from",
      paramLabel = "DAY",
      description = "First day, in UTC, such as 2026-11-21. Default: the first that is kept.")
  private @Var @Nullable LocalDate from;

  @Option(names = "--to", paramLabel = "DAY", description = "Last day. Default: today.")
  private @Var @Nullable LocalDate to;

  @Option(names = "--json", description = "Prints JSON.")
  private @Var boolean json;

  @Spec private @Var @Nullable CommandSpec spec;

  /** What usage can be told apart by. */
  enum By {
    DAY,
    TENANT,
    MODEL,
    FAMILY,
    SESSION;

    /** The word of the command line, the table and JSON. */
    String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }

    @Override
    public String toString() {
      return word();
    }

    UsageDimension dimension() {
      return switch (this) {
        case DAY -> UsageDimension.USAGE_DIMENSION_DAY;
        case TENANT -> UsageDimension.USAGE_DIMENSION_TENANT;
        case MODEL -> UsageDimension.USAGE_DIMENSION_MODEL;
        case FAMILY -> UsageDimension.USAGE_DIMENSION_FAMILY;
        case SESSION -> UsageDimension.USAGE_DIMENSION_SESSION_CLASS;
      };
    }
  }

  @Override
  public Integer call() throws CommandFailure, IOException {
    List<By> told = by.isEmpty() ? List.of(By.TENANT, By.MODEL) : by.stream().distinct().toList();
    UsageTable table = new UsageTable(told);
    for (HostPort router : routers.isEmpty() ? List.of(new HostPort("127.0.0.1", 9000)) : routers) {
      try (RouterClient client = access.connect(router)) {
        table.add(client.routing().getUsage(request(told)));
      }
    }
    Console console = Console.of(spec);
    if (json) {
      console.line(table.json());
    } else {
      table.lines().forEach(console::line);
    }
    return ExitCodes.OK;
  }

  private GetUsageRequest request(List<By> told) {
    GetUsageRequest.Builder request = GetUsageRequest.newBuilder();
    told.forEach(dimension -> request.addBy(dimension.dimension()));
    if (from != null) {
      request.setFromDay(from.toString());
    }
    if (to != null) {
      request.setToDay(to.toString());
    }
    return request.build();
  }
}
