package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.HostPort;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option that says which router a command talks to. */
final class RouterAddress {

  @Option(
      names = "--router",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:9000",
      converter = Converter.class,
      description = "The router's gRPC address. Default: ${DEFAULT-VALUE}.")
  private @Var HostPort address = new HostPort("127.0.0.1", 9000);

  @Mixin private final RouterAccess access = new RouterAccess();

  /**
   * Opens a connection; it is made when it is first used.
   *
   * @throws CommandFailure when its options do not fit
   */
  RouterClient connect() throws CommandFailure {
    return access.connect(address);
  }

  /** Reads {@code host:port}. */
  static final class Converter implements ITypeConverter<HostPort> {

    @Override
    public HostPort convert(String text) {
      try {
        return HostPort.parse(text);
      } catch (IllegalArgumentException refused) {
        throw new TypeConversionException(
            "'" + text + "' is no address, it must be " + refused.getMessage());
      }
    }
  }
}
