package io.warmpath.config;

import java.io.Reader;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.Tag;

/** Reads one YAML document into nodes, within limits. */
final class YamlDocument {

  /** Characters a file may have. */
  static final int MAX_CHARS = 4 * 1024 * 1024;

  /** Levels of nesting; the deepest setting is at far fewer. */
  static final int MAX_DEPTH = 32;

  /** Uses of an anchored mapping or list. */
  static final int MAX_ALIASES = 50;

  private YamlDocument() {}

  /**
   * Returns the document's root node; an empty document is an empty mapping.
   *
   * @throws org.yaml.snakeyaml.error.YAMLException when it is no YAML, or beyond a limit
   */
  static Node compose(Reader reader) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(MAX_CHARS);
    options.setNestingDepthLimit(MAX_DEPTH);
    options.setMaxAliasesForCollections(MAX_ALIASES);
    @Nullable Node node = new Yaml(new SafeConstructor(options)).compose(reader);
    return node != null
        ? node
        : new MappingNode(Tag.MAP, true, List.of(), null, null, DumperOptions.FlowStyle.BLOCK);
  }

  /** Returns the line of {@code node}, from 1; 0 for one that no text has. */
  static int line(Node node) {
    return node.getStartMark() == null ? 0 : node.getStartMark().getLine() + 1;
  }
}
