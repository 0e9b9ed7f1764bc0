package io.warmpath.config;

import com.google.errorprone.annotations.Var;
import io.warmpath.config.Shape.Field;
import io.warmpath.config.Shape.Mapping;
import io.warmpath.config.Shape.Scalar;
import io.warmpath.config.Shape.Section;
import io.warmpath.config.Shape.Sequence;
import java.io.StringReader;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Binds the nodes of one YAML file to records and collects everything that is wrong on the way.
 *
 * <p>A method that meets a problem records it and returns empty; its caller goes on with the next
 * setting, so that one run finds all problems.
 */
final class Binder {

  /** Nodes that are visited at most, aliases followed: what a small file can expand to. */
  static final int MAX_NODES = 100_000;

  private static final int LONGEST_QUOTE = 60;

  private final Layers layers;
  private final Path directory;
  private final References references;
  private final Section root;
  private final List<Problem> problems = new ArrayList<>();
  private int nodes;

  Binder(Layers layers, Path directory, References references, Section root) {
    this.layers = layers;
    this.directory = directory;
    this.references = references;
    this.root = root;
  }

  /** Returns what was wrong so far, by source in the order of its lines. */
  List<Problem> problems() {
    return Stream.concat(layers.problems().stream(), problems.stream())
        .sorted(Comparator.comparing(Problem::source).thenComparingInt(Problem::line))
        .toList();
  }

  /** Returns the root record, or empty when there are problems. */
  Optional<Object> bind(Node document) {
    return bind(root, document, "");
  }

  private Optional<Object> bind(Shape shape, Node node, String path) {
    if (++nodes > MAX_NODES) {
      if (nodes == MAX_NODES + 1) {
        refuse(node, path, "makes the file expand to more than " + MAX_NODES + " values");
      }
      return Optional.empty();
    }
    return switch (shape) {
      case Scalar scalar -> bindScalar(scalar, scalar.allowed(), node, path);
      case Section section -> bindSection(section, node, path);
      case Sequence sequence -> bindSequence(sequence, node, path);
      case Mapping mapping -> bindMapping(mapping, node, path);
    };
  }

  /**
   * @param allowed what the value must be, its bounds included
   */
  private Optional<Object> bindScalar(Scalar scalar, String allowed, Node node, String path) {
    if (!(node instanceof ScalarNode value)) {
      refuse(node, path, "is " + kind(node) + "; it must be " + allowed);
      return Optional.empty();
    }
    if (isEmpty(value)) {
      refuse(node, path, "has no value; it must be " + allowed);
      return Optional.empty();
    }
    String text;
    try {
      text = references.resolve(value.getValue());
    } catch (IllegalArgumentException e) {
      refuse(node, path, "is " + quoted(value.getValue(), false) + "; it " + e.getMessage());
      return Optional.empty();
    }
    try {
      return Optional.of(scalar.parser().parse(text, directory));
    } catch (IllegalArgumentException e) {
      String written = quoted(value.getValue(), scalar.masked());
      String expected = scalar.allowed().equals(e.getMessage()) ? allowed : e.getMessage();
      refuse(node, path, "is " + written + "; it must be " + expected);
      return Optional.empty();
    }
  }

  private Optional<Object> bindSection(Section section, Node node, String path) {
    Optional<Map<String, NodeTuple>> entries = entries(node, path, "a mapping with named settings");
    if (entries.isEmpty()) {
      return Optional.empty();
    }
    int before = problems.size();
    for (Map.Entry<String, NodeTuple> entry : entries.get().entrySet()) {
      if (!section.names().contains(entry.getKey())) {
        refuseUnknown(section, entry.getKey(), entry.getValue().getKeyNode(), path);
      }
    }
    @Nullable Object[] values = new @Nullable Object[section.fields().size()];
    for (@Var int i = 0; i < values.length; i++) {
      Field field = section.fields().get(i);
      @Nullable NodeTuple entry = entries.get().get(field.name());
      values[i] = bindField(field, entry, node, child(path, field.name())).orElse(null);
    }
    return problems.size() > before ? Optional.empty() : construct(section, values, node, path);
  }

  private Optional<Object> bindField(
      Field field, @Nullable NodeTuple entry, Node parent, String path) {
    if (entry == null) {
      return absent(field, parent, path);
    }
    Node node = entry.getValueNode();
    if (isEmpty(node) && !(field.shape() instanceof Scalar)) {
      return absent(field, node, path);
    }
    int before = problems.size();
    Optional<Object> value =
        field.shape() instanceof Scalar scalar
            ? bindScalar(scalar, allowed(field), node, path)
            : bind(field.shape(), node, path);
    if (problems.size() == before && value.isPresent() && !field.range().admits(value.get())) {
      String written = node instanceof ScalarNode text ? shown(field, text) : kind(node);
      refuse(node, path, "is " + written + "; it must be " + allowed(field));
      return Optional.empty();
    }
    return value;
  }

  private static String shown(Field field, ScalarNode node) {
    return quoted(node.getValue(), field.shape() instanceof Scalar scalar && scalar.masked());
  }

  /** Returns what a setting may be, with its bounds, as a noun phrase. */
  static String allowed(Field field) {
    String what =
        switch (field.shape()) {
          case Scalar scalar -> scalar.allowed();
          case Section _ -> "a mapping with named settings";
          case Sequence _ -> "a list";
          case Mapping _ -> "a mapping";
        };
    String bounds = field.range().inWords();
    if (bounds.isEmpty()) {
      return what;
    }
    return field.range().ofLength() ? what + " with " + bounds : what + " " + bounds;
  }

  /** Returns the value of a setting that the file does not give. */
  private Optional<Object> absent(Field field, Node parent, String path) {
    if (!field.setting().defaultValue().equals(Setting.NO_DEFAULT)) {
      return Optional.of(defaultOf(field, path));
    }
    if (field.nullable()) {
      return Optional.empty();
    }
    return switch (field.shape()) {
      case Section section -> bindSection(section, emptyMapping(parent), path);
      case Sequence _ -> emptyIfAdmitted(List.of(), field, parent, path);
      case Mapping _ -> emptyIfAdmitted(Map.of(), field, parent, path);
      case Scalar _ -> {
        refuse(parent, path, "is missing; it must be " + allowed(field));
        yield Optional.empty();
      }
    };
  }

  private Optional<Object> emptyIfAdmitted(Object empty, Field field, Node parent, String path) {
    if (!field.range().admits(empty)) {
      refuse(parent, path, "is missing; it must be " + allowed(field));
      return Optional.empty();
    }
    return Optional.of(empty);
  }

  private Object defaultOf(Field field, String path) {
    Node node = YamlDocument.compose(new StringReader(field.setting().defaultValue()));
    Layers layer = new Layers("the default of " + path, node);
    Binder binder = new Binder(layer, directory, references, root);
    Optional<Object> value = binder.bind(field.shape(), node, path);
    return value
        .filter(field.range()::admits)
        .orElseThrow(
            () -> new IllegalStateException("bad default of " + path + ": " + binder.problems));
  }

  private Optional<Object> bindSequence(Sequence shape, Node node, String path) {
    if (!(node instanceof SequenceNode sequence)) {
      refuse(node, path, "is " + kind(node) + "; it must be a list");
      return Optional.empty();
    }
    List<Object> values = new ArrayList<>();
    for (Node element : sequence.getValue()) {
      String elementPath = path + "[" + values.size() + "]";
      Optional<Object> value = bind(shape.element(), element, elementPath);
      values.add(value.orElse(""));
      if (nodes > MAX_NODES) {
        break;
      }
    }
    return Optional.of(Collections.unmodifiableList(values));
  }

  private Optional<Object> bindMapping(Mapping shape, Node node, String path) {
    Optional<Map<String, NodeTuple>> entries = entries(node, path, "a mapping");
    if (entries.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Object> values = new LinkedHashMap<>();
    for (Map.Entry<String, NodeTuple> entry : entries.get().entrySet()) {
      Node value = entry.getValue().getValueNode();
      bind(shape.value(), orEmptyMapping(shape.value(), value), child(path, entry.getKey()))
          .ifPresent(bound -> values.put(entry.getKey(), bound));
    }
    return Optional.of(Collections.unmodifiableMap(values));
  }

  /** Returns the entries of a mapping by key; a key that is there twice is a problem. */
  private Optional<Map<String, NodeTuple>> entries(Node node, String path, String expected) {
    if (!(node instanceof MappingNode mapping)) {
      refuse(node, path, "is " + kind(node) + "; it must be " + expected);
      return Optional.empty();
    }
    Map<String, NodeTuple> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        refuse(tuple.getKeyNode(), path, "has a key that is " + kind(tuple.getKeyNode()));
        continue;
      }
      @Nullable NodeTuple first = entries.putIfAbsent(key.getValue(), tuple);
      if (first != null) {
        String where = "is already given in line " + line(first.getKeyNode());
        refuse(key, child(path, key.getValue()), where + "; keep one of the two");
      }
    }
    return Optional.of(entries);
  }

  private void refuseUnknown(Section section, String key, Node node, String path) {
    @Nullable String sibling = NearestName.of(key, section.names());
    List<String> elsewhere = sibling == null ? KnownPaths.endingIn(root, key) : List.of();
    String hint;
    if (sibling != null) {
      hint = "did you mean " + child(path, sibling) + "?";
    } else if (!elsewhere.isEmpty()) {
      hint = "did you mean " + String.join(" or ", elsewhere) + "?";
    } else {
      hint = "known here: " + String.join(", ", section.names());
    }
    refuse(node, child(path, key), "is not a setting; " + hint);
  }

  private Optional<Object> construct(
      Section section, @Nullable Object[] values, Node node, String path) {
    try {
      return Optional.of(section.constructor().newInstance(values));
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RefusedSettingException refused) {
        String place = path.isEmpty() ? refused.path() : path + "." + refused.path();
        refuse(NodePath.find(node, refused.path()), place, refused.sentence());
        return Optional.empty();
      }
      if (e.getCause() instanceof IllegalArgumentException refused) {
        refuse(node, path, "is refused: " + refused.getMessage());
        return Optional.empty();
      }
      throw new IllegalStateException(section.constructor() + " failed", e);
    } catch (InstantiationException | IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private void refuse(Node node, String path, String message) {
    problems.add(new Problem(layers.sourceOf(path), line(node), path, message));
  }

  private static int line(Node node) {
    return YamlDocument.line(node);
  }

  private static boolean isEmpty(Node node) {
    return node.getTag().equals(Tag.NULL);
  }

  private static Node orEmptyMapping(Shape shape, Node node) {
    return shape instanceof Section && isEmpty(node) ? emptyMapping(node) : node;
  }

  private static Node emptyMapping(Node place) {
    return new MappingNode(
        Tag.MAP,
        true,
        List.of(),
        place.getStartMark(),
        place.getEndMark(),
        DumperOptions.FlowStyle.BLOCK);
  }

  /** Returns what a node is, for a message. */
  static String kind(Node node) {
    return switch (node) {
      case MappingNode _ -> "a mapping";
      case SequenceNode sequence -> "a list of " + sequence.getValue().size();
      case ScalarNode scalar -> isEmpty(scalar) ? "empty" : quoted(scalar.getValue(), false);
      default -> "of an unknown kind";
    };
  }

  /** Returns the path of the setting {@code name} below {@code path}. */
  static String child(String path, String name) {
    String key = name.matches("[A-Za-z0-9_-]+") ? name : quoted(name, false);
    return path.isEmpty() ? key : path + "." + key;
  }

  /** Returns a value for a message: on one line, shortened, masked when it is secret. */
  private static String quoted(String value, boolean masked) {
    if (masked && !value.startsWith("${")) {
      return "(hidden)";
    }
    String line = value.replaceAll("\\p{Cntrl}", " ");
    boolean fits = line.length() <= LONGEST_QUOTE;
    return '"' + (fits ? line : line.substring(0, LONGEST_QUOTE) + "…") + '"';
  }
}
