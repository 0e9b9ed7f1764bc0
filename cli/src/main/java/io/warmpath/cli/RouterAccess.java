package io.warmpath.cli;

import com.google.errorprone.annotations.Var;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.warmpath.config.HostPort;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options that say how a command is let in by a router. A key comes from the environment, since
 * everybody on a machine can read command lines.
 */
final class RouterAccess {

  private static final String API_KEY = "WARMPATH_API_KEY";

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description = {
        "Speaks TLS; the PEM file has the authorities that sign the router's certificate. The",
        "environment variable WARMPATH_API_KEY has the key for a router that needs one."
      })
  private @Var @Nullable Path ca;

  @Option(
      names = "--tls-certificate",
      paramLabel = "FILE",
      description = "Own certificate, for a router that asks for one.")
  private @Var @Nullable Path certificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its private key.")
  private @Var @Nullable Path key;

  /**
   * Opens a connection; it is made when it is first used.
   *
   * @throws CommandFailure when the files cannot be used
   */
  RouterClient connect(HostPort router) throws CommandFailure {
    return new RouterClient(router, credentials(), System.getenv(API_KEY));
  }

  private ChannelCredentials credentials() throws CommandFailure {
    if ((certificate == null) != (key == null)) {
      throw CommandFailure.badInput("--tls-certificate and --tls-key need each other");
    }
    if (ca == null) {
      if (certificate != null) {
        throw CommandFailure.badInput("--tls-certificate needs --tls-ca");
      }
      return InsecureChannelCredentials.create();
    }
    try {
      TlsChannelCredentials.Builder tls =
          TlsChannelCredentials.newBuilder().trustManager(ca.toFile());
      if (certificate != null && key != null) {
        tls.keyManager(certificate.toFile(), key.toFile());
      }
      return tls.build();
    } catch (IOException unreadable) {
      throw CommandFailure.badInput("cannot read " + FileProblem.sentence(unreadable));
    }
  }
}
