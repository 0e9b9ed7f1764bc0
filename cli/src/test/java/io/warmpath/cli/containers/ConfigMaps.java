package io.warmpath.cli.containers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicInteger;

/** Config maps as a kubelet puts them into pods: files behind a link that a change swaps. */
final class ConfigMaps {

  private final Path directory;
  private final AtomicInteger versions = new AtomicInteger();

  /** Keeps them below {@code directory}, which containers mount parts of. */
  ConfigMaps(Path directory) {
    this.directory = directory;
  }

  /** Returns the folder that a pod mounts for a config map. */
  Path folder(String name) {
    return directory.resolve(name).toAbsolutePath();
  }

  /** Writes the one file of a config map, new or changed. */
  void write(String name, String file, String content) throws IOException {
    Path folder = Files.createDirectories(folder(name));
    Path version = Files.createDirectory(folder.resolve("..v" + versions.incrementAndGet()));
    Files.writeString(version.resolve(file), content);
    Path link = Files.createSymbolicLink(folder.resolve("..data_tmp"), version.getFileName());
    Files.move(
        link,
        folder.resolve("..data"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    Path visible = folder.resolve(file);
    if (!Files.isSymbolicLink(visible)) {
      Files.createSymbolicLink(visible, Path.of("..data", file));
    }
  }
}
