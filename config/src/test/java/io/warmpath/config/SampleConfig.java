package io.warmpath.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A config with every type a setting can have. */
record SampleConfig(
    @Setting(doc = "Where it listens.", defaultValue = "0.0.0.0:9000") HostPort listen,
    @Setting(doc = "Password.") @Nullable Secret password,
    @Setting(doc = "A note.") @Nullable String note,
    @Setting(doc = "A file.") @Nullable Path file,
    @Setting(doc = "A URL.") @Nullable URI url,
    @Setting(doc = "How requests are placed.") Placement placement,
    @Setting(doc = "What is served.", min = "1") Map<String, Model> models,
    @Setting(doc = "Rules, first match wins.", max = "3") List<Rule> families,
    @Setting(doc = "Zones.", defaultValue = "[a, b]") List<String> zones) {

  enum Mode {
    OFF,
    SHADOW,
    FULLY_ENFORCED,
  }

  record Placement(
      @Setting(doc = "Cap over mean.", defaultValue = "1.25", min = "1", max = "10")
          double loadFactor,
      @Setting(
              doc = "Longest wait.",
              defaultValue = "3s",
              min = "0s",
              max = "1h",
              reloadable = true)
          Duration maxQueueWait,
      @Setting(doc = "Window.", defaultValue = "1_024", min = "128", unit = "tokens")
          int windowTokens,
      @Setting(doc = "Most bytes.", defaultValue = "64MiB", max = "1GiB", unit = "bytes")
          long maxBytes,
      @Setting(
              doc = "Hash.",
              defaultValue = "ring",
              allowed = {"ring", "rendezvous"})
          String hash,
      @Setting(doc = "Whether to queue.", defaultValue = "true") boolean queue) {}

  record Model(
      @Setting(doc = "Mode.", defaultValue = "fully-enforced") Mode mode,
      @Setting(doc = "Low mark.", defaultValue = "0.6") double lowMark,
      @Setting(doc = "High mark.", defaultValue = "0.8") double highMark) {
    Model {
      if (lowMark >= highMark) {
        throw new IllegalArgumentException("lowMark must be below highMark");
      }
    }
  }

  record Rule(
      @Setting(doc = "Glob.", min = "1", max = "8") String match,
      @Setting(doc = "Replicas.") @Nullable Integer replicas) {}
}
