package io.warmpath.config;

import java.util.ArrayList;
import java.util.List;

/** Writes the documentation of a config record, from the same shape that validates it. */
public final class ConfigDocs {

  private static final String HEADER =
      "| Setting | Allowed | Default | Live | Meaning |\n| --- | --- | --- | --- | --- |\n";

  private ConfigDocs() {}

  /**
   * Returns Markdown tables of every setting of {@code type}: one for the plain settings at the
   * top, then one for each section.
   *
   * @param headingLevel level of the section headings, from 1
   */
  public static String markdown(Class<? extends Record> type, int headingLevel) {
    Shape.Section root = Schema.of(type);
    StringBuilder text = new StringBuilder();
    List<String> top = new ArrayList<>();
    StringBuilder sections = new StringBuilder();
    for (Shape.Field field : root.fields()) {
      if (field.shape() instanceof Shape.Scalar) {
        top.add(row(field.name(), field));
        continue;
      }
      List<String> rows = new ArrayList<>();
      addRows(field, "", rows);
      sections.append('\n').append("#".repeat(headingLevel)).append(" `").append(field.name());
      sections.append("`\n\n").append(escaped(field.setting().doc())).append("\n\n");
      appendTable(rows, sections);
    }
    appendTable(top, text);
    return text.append(sections).toString();
  }

  private static void appendTable(List<String> rows, StringBuilder text) {
    if (!rows.isEmpty()) {
      text.append(HEADER);
      rows.forEach(text::append);
    }
  }

  private static void addRows(Shape.Field field, String parent, List<String> rows) {
    String path = parent.isEmpty() ? field.name() : parent + "." + field.name();
    if (!(field.shape() instanceof Shape.Section)) {
      rows.add(row(path, field));
    }
    addInner(field.shape(), path, rows);
  }

  private static void addInner(Shape shape, String path, List<String> rows) {
    switch (shape) {
      case Shape.Scalar _ -> {}
      case Shape.Sequence sequence -> addInner(sequence.element(), path + "[]", rows);
      case Shape.Mapping mapping -> addInner(mapping.value(), path + ".NAME", rows);
      case Shape.Section section -> section.fields().forEach(field -> addRows(field, path, rows));
    }
  }

  private static String row(String path, Shape.Field field) {
    return "| `%s` | %s | %s | %s | %s |\n"
        .formatted(
            path,
            escaped(Binder.allowed(field)),
            defaultValue(field),
            field.setting().reloadable() ? "yes" : "restart",
            escaped(field.setting().doc()));
  }

  private static String defaultValue(Shape.Field field) {
    String value = field.setting().defaultValue();
    if (!value.equals(Setting.NO_DEFAULT)) {
      return "`" + value + "`";
    }
    if (field.nullable()) {
      return "none";
    }
    return field.shape() instanceof Shape.Scalar || !field.setting().min().isEmpty()
        ? "required"
        : "empty";
  }

  private static String escaped(String text) {
    return text.replace("|", "\\|");
  }
}
