package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The {@code warmpath} command. */
@Command(
    name = "warmpath",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    description = "Routes LLM requests to the replicas whose KV cache already holds their prefix.",
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "Start with 'warmpath demo', or 'warmpath standalone' and 'warmpath generate'.",
      "Exit codes: 0 done, 1 failed, 2 wrong command line or config."
    },
    subcommands = {
      DemoCommand.class,
      StickyCommand.class,
      AdoptionCommand.class,
      StandaloneCommand.class,
      RouterCommand.class,
      AgentCommand.class,
      EngineCommand.class,
      ZooKeeperCommand.class,
      GenerateCommand.class,
      LoadCommand.class,
      ExplainCommand.class,
      FleetCommand.class,
      UsageCommand.class,
      ReplayCommand.class,
      CapacityCommand.class,
      TraceCommand.class,
      ConfigCommand.class,
      KeyCommand.class,
      VersionCommand.class,
    })
public final class Main implements Runnable {

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Shows the stack trace of a failure.")
  private @Var boolean debug;

  @Spec private @Var @Nullable CommandSpec spec;

  private Main() {}

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
    PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
    System.exit(run(args, out, err));
  }

  /** Runs the command within this process and returns its exit code. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    return new CommandLine(new Main())
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpLongOptionsMaxWidth(34)
        .setParameterExceptionHandler(Failures::onBadCommandLine)
        .setExecutionExceptionHandler(Failures::onException)
        .execute(args);
  }

  /** Whether the user asked for stack traces. */
  static boolean isDebug(CommandLine command) {
    @Var CommandLine top = command;
    while (top.getParent() != null) {
      top = top.getParent();
    }
    return top.getCommandSpec().userObject() instanceof Main main && main.debug;
  }

  @Override
  public void run() {
    CommandSpec own = spec;
    if (own != null) {
      throw new ParameterException(own.commandLine(), "a command is missing");
    }
  }
}
