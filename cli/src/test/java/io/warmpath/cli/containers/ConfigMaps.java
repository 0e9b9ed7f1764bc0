package io.warmpath.cli.containers;

import io.warmpath.cli.deploy.Manifests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** Writes those that a directory's kustomization makes of files. */
  void writeAll(Path kustomization) throws IOException {
    Map<String, Object> settings =
        Manifests.yaml(Files.readString(kustomization.resolve("kustomization.yaml")));
    for (Object generator : (List<?>) settings.getOrDefault("configMapGenerator", List.of())) {
      Map<?, ?> map = (Map<?, ?>) generator;
      for (Object entry : (List<?>) Objects.requireNonNull(map.get("files"))) {
        String source = String.valueOf(entry);
        int equals = source.indexOf('=');
        Path file = kustomization.resolve(source.substring(equals + 1));
        String name = equals < 0 ? source : source.substring(0, equals);
        write(String.valueOf(map.get("name")), name, Files.readString(file));
      }
    }
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
