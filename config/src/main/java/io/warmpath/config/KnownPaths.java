package io.warmpath.config;

import java.util.ArrayList;
import java.util.List;

/** Finds settings by their last name, for a key that was written in the wrong place. */
final class KnownPaths {

  private static final int MOST_HINTS = 3;

  private KnownPaths() {}

  /** Returns at most three paths under {@code root} that end in {@code name}. */
  static List<String> endingIn(Shape.Section root, String name) {
    List<String> paths = new ArrayList<>();
    collect(root, name, "", paths);
    return paths.stream().limit(MOST_HINTS).toList();
  }

  private static void collect(Shape shape, String name, String path, List<String> paths) {
    switch (shape) {
      case Shape.Scalar _ -> {}
      case Shape.Sequence sequence -> collect(sequence.element(), name, path + "[]", paths);
      case Shape.Mapping mapping -> collect(mapping.value(), name, path + ".NAME", paths);
      case Shape.Section section -> {
        for (Shape.Field field : section.fields()) {
          String child = path.isEmpty() ? field.name() : path + "." + field.name();
          if (field.name().equals(name)) {
            paths.add(child);
          }
          collect(field.shape(), name, child, paths);
        }
      }
    }
  }
}
