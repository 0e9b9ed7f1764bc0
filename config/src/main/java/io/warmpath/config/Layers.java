package io.warmpath.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** A config file's document with what lies over it, and which setting is from where. */
final class Layers {

  private final String source;
  private final Map<String, String> overlaid = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();
  private Node document;

  Layers(String source, Node document) {
    this.source = source;
    this.document = document;
  }

  /** Puts {@code top}, the document of {@code overlay}, over what is there. */
  void lay(Overlay overlay, Node top) {
    if (!(top instanceof MappingNode over)) {
      refuse(overlay, top, "", "is " + Binder.kind(top) + "; it must be a mapping");
      return;
    }
    Set<String> given = new HashSet<>();
    for (NodeTuple tuple : over.getValue()) {
      if (tuple.getKeyNode() instanceof ScalarNode key) {
        String path = Binder.child("", key.getValue());
        if (overlay.barred().contains(key.getValue())) {
          refuse(overlay, key, path, "can be given in the file only");
        }
        given.add(key.getValue());
        overlaid.put(path, overlay.source());
      }
    }
    if (document instanceof MappingNode under) {
      List<NodeTuple> merged = new ArrayList<>(over.getValue());
      under.getValue().stream().filter(tuple -> !isOneOf(given, tuple)).forEach(merged::add);
      document =
          new MappingNode(
              under.getTag(),
              true,
              merged,
              under.getStartMark(),
              under.getEndMark(),
              under.getFlowStyle());
    }
  }

  private static boolean isOneOf(Set<String> names, NodeTuple tuple) {
    return tuple.getKeyNode() instanceof ScalarNode key && names.contains(key.getValue());
  }

  private void refuse(Overlay overlay, Node node, String path, String message) {
    problems.add(new Problem(overlay.source(), YamlDocument.line(node), path, message));
  }

  /** Returns the document with all layers. */
  Node document() {
    return document;
  }

  /** Returns what is wrong with the layers themselves. */
  List<Problem> problems() {
    return problems;
  }

  /** Returns the name of the document that gives the setting at {@code path}. */
  String sourceOf(String path) {
    for (Map.Entry<String, String> entry : overlaid.entrySet()) {
      String top = entry.getKey();
      if (path.equals(top) || path.startsWith(top + ".") || path.startsWith(top + "[")) {
        return entry.getValue();
      }
    }
    return source;
  }
}
