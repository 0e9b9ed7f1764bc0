package io.warmpath.cli.containers;

import com.github.dockerjava.api.DockerClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.testcontainers.DockerClientFactory;

/** The container engine of this machine. */
final class ContainerEngine {

  private ContainerEngine() {}

  /** Returns whether one runs that this process may use. */
  static boolean runs() {
    return DockerClientFactory.instance().isDockerAvailable();
  }

  static DockerClient client() {
    return DockerClientFactory.instance().client();
  }

  /** Gives the engine an image from a file of {@code docker save}'s form. */
  static void load(Path tar) throws IOException {
    try (InputStream image = Files.newInputStream(tar)) {
      client().loadImageCmd(image).exec();
    }
  }
}
