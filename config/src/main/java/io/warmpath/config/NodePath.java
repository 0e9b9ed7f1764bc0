package io.warmpath.config;

import com.google.errorprone.annotations.Var;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Finds the node of a setting below another node. */
final class NodePath {

  private static final Pattern PART = Pattern.compile("([^.\\[\\]]+)|\\[([0-9]{1,6})]");

  private NodePath() {}

  /**
   * Returns the node at {@code path}, such as {@code families[2].match}, or the deepest one on the
   * way that is in the file.
   */
  static Node find(Node root, String path) {
    @Var Node node = root;
    Matcher part = PART.matcher(path);
    while (part.find()) {
      @Nullable Node next =
          part.group(1) != null
              ? child(node, part.group(1))
              : element(node, Integer.parseInt(part.group(2)));
      if (next == null) {
        return node;
      }
      node = next;
    }
    return node;
  }

  private static @Nullable Node child(Node node, String name) {
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        if (tuple.getKeyNode() instanceof ScalarNode key && key.getValue().equals(name)) {
          return tuple.getValueNode();
        }
      }
    }
    return null;
  }

  private static @Nullable Node element(Node node, int index) {
    return node instanceof SequenceNode sequence && index < sequence.getValue().size()
        ? sequence.getValue().get(index)
        : null;
  }
}
