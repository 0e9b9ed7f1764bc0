package io.warmpath.config;

import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.util.List;

/** What a part of a config file looks like; made from a record by {@link Schema}. */
sealed interface Shape {

  /**
   * One value.
   *
   * @param allowed what the value must be, as a noun phrase
   * @param choices the only values there are; empty when there are others
   * @param masked whether the value must not be printed
   */
  record Scalar(String allowed, List<String> choices, boolean masked, Parser parser)
      implements Shape {}

  /** Fixed keys, bound to a record. */
  record Section(Constructor<?> constructor, List<Field> fields) implements Shape {

    List<String> names() {
      return fields.stream().map(Field::name).toList();
    }
  }

  /** A list, bound to an immutable {@link List}. */
  record Sequence(Shape element) implements Shape {}

  /** Free keys, bound to an immutable {@link java.util.Map} in the order of the file. */
  record Mapping(Shape value) implements Shape {}

  /** One key of a section. */
  record Field(String name, Setting setting, Shape shape, boolean nullable, Range range) {}

  /** Reads one value. */
  @FunctionalInterface
  interface Parser {

    /**
     * Returns the value that {@code text} stands for.
     *
     * @param directory what a relative path is relative to
     * @throws IllegalArgumentException whose message is what is allowed, as a noun phrase
     */
    Object parse(String text, Path directory);
  }
}
