package io.warmpath.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.errorprone.annotations.Var;
import io.warmpath.testkit.SeededCases;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigReaderTest {

  private static final String MODEL = "models: {llama: {}}\n";

  @TempDir private Path directory;

  private final ConfigReader reader = new ConfigReader(Map.of("PASS", "hunter2", "PORT", "7001"));

  private SampleConfig read(String yaml) throws ConfigException {
    return reader.parse(yaml, "router.yaml", directory, SampleConfig.class);
  }

  private List<String> problems(String yaml) {
    ConfigException refused = catchThrowableOfType(ConfigException.class, () -> read(yaml));
    assertThat(refused).as("refusal of: " + yaml).isNotNull();
    return refused.problems().stream().map(Problem::toString).toList();
  }

  @Test
  void absentSettings_takeTheirDefaults() throws ConfigException {
    SampleConfig config = read(MODEL);

    assertThat(config.listen()).isEqualTo(new HostPort("0.0.0.0", 9000));
    assertThat(config.password()).isNull();
    assertThat(config.placement())
        .isEqualTo(
            new SampleConfig.Placement(1.25, Duration.ofSeconds(3), 1024, 64L << 20, "ring", true));
    assertThat(config.models())
        .containsExactly(
            Map.entry("llama", new SampleConfig.Model(SampleConfig.Mode.FULLY_ENFORCED, 0.6, 0.8)));
    assertThat(config.families()).isEmpty();
    assertThat(config.zones()).containsExactly("a", "b");
  }

  @Test
  void everyType_isReadInItsOwnNotation() throws ConfigException {
    SampleConfig config =
        read(
            """
            listen: "[::1]:${env:PORT}"
            password: ${env:PASS}
            note: yes
            file: certs/../tokenizer.json
            url: http://127.0.0.1:8000/v1
            placement:
              loadFactor: 2
              maxQueueWait: 1.5s
              windowTokens: 2048
              maxBytes: 4096
              hash: rendezvous
              queue: false
            models:
              meta/llama: {mode: shadow, lowMark: 0.1}
              qwen:
            families:
            - match: agent-*
              replicas: 2
            zones:
            """);

    assertThat(config.listen()).isEqualTo(new HostPort("::1", 7001));
    assertThat(config.password()).isEqualTo(new Secret("hunter2"));
    assertThat(config.note()).isEqualTo("yes");
    assertThat(config.file()).isEqualTo(directory.resolve("tokenizer.json"));
    assertThat(config.url()).isEqualTo(URI.create("http://127.0.0.1:8000/v1"));
    assertThat(config.placement())
        .isEqualTo(
            new SampleConfig.Placement(
                2, Duration.ofMillis(1500), 2048, 4096, "rendezvous", false));
    assertThat(config.models().keySet()).containsExactly("meta/llama", "qwen");
    assertThat(config.models().get("meta/llama"))
        .isEqualTo(new SampleConfig.Model(SampleConfig.Mode.SHADOW, 0.1, 0.8));
    assertThat(config.families()).containsExactly(new SampleConfig.Rule("agent-*", 2));
    assertThat(config.toString()).doesNotContain("hunter2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      textBlock =
          """
          loadFactor: 0.5             ~ a number from 1 to 10
          loadFactor: big             ~ a number from 1 to 10
          loadFactor: .nan            ~ a number from 1 to 10
          loadFactor: 1e999           ~ a number from 1 to 10
          maxQueueWait: 3             ~ a duration such as 250ms, 3s or 5m from 0s to 1h
          maxQueueWait: 2h            ~ a duration such as 250ms, 3s or 5m from 0s to 1h
          maxQueueWait: 0.3ns         ~ a duration such as 250ms, 3s or 5m from 0s to 1h
          windowTokens: 1.5           ~ a whole number of at least 128 tokens
          windowTokens: 010           ~ a whole number of at least 128 tokens
          windowTokens: 9999999999    ~ a whole number of at least 128 tokens
          windowTokens: 9999999999999999999999 ~ a whole number of at least 128 tokens
          windowTokens: 12            ~ a whole number of at least 128 tokens
          maxBytes: 64MB              ~ a size such as 4096 or 64MiB of at most 1GiB
          maxBytes: 2GiB              ~ a size such as 4096 or 64MiB of at most 1GiB
          maxBytes: 999999999999GiB   ~ a size such as 4096 or 64MiB of at most 1GiB
          hash: rnig                  ~ one of ring, rendezvous; did you mean ring?
          queue: yes                  ~ one of true, false
          """)
  void badValue_isRefusedWithPlaceValueAndWhatIsAllowed(String line, String allowed) {
    String key = line.substring(0, line.indexOf(':'));
    String value = line.substring(line.indexOf(' ') + 1);
    assertThat(problems(MODEL + "placement:\n  " + line))
        .containsExactly(
            "router.yaml:3: placement.%s is \"%s\"; it must be %s".formatted(key, value, allowed));
  }

  @Test
  void valueOfTheWrongKind_isRefused() {
    assertThat(problems(MODEL + "placement: {loadFactor: [1]}"))
        .containsExactly(
            "router.yaml:2: placement.loadFactor is a list of 1; it must be a number from 1 to 10");
    assertThat(problems(MODEL + "placement: {loadFactor: }"))
        .containsExactly(
            "router.yaml:2: placement.loadFactor has no value; it must be a number from 1 to 10");
    assertThat(problems(MODEL + "zones: {a: b}"))
        .containsExactly("router.yaml:2: zones is a mapping; it must be a list");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      textBlock =
          """
          loadFactr   ~ did you mean placement.loadFactor?
          load_factor ~ did you mean placement.loadFactor?
          listen      ~ did you mean listen?
          replicas    ~ did you mean families[].replicas?
          colour ~ known here: loadFactor, maxQueueWait, windowTokens, maxBytes, hash, queue
          """)
  void unknownKey_isRefusedWithTheNearestKnownOne(String key, String hint) {
    assertThat(problems(MODEL + "placement:\n  " + key + ": 2"))
        .containsExactly("router.yaml:3: placement.%s is not a setting; %s".formatted(key, hint));
  }

  @Test
  void allProblems_areFoundAtOnceInTheOrderOfTheFile() {
    assertThat(
            problems(
                """
                listn: a:1
                url: not a url
                models:
                  llama: {mode: shadwo}
                  qwen: {lowMark: 0.9}
                  phi: 7
                families:
                - replicas: 1
                - match: ""
                """))
        .containsExactly(
            "router.yaml:1: listn is not a setting; did you mean listen?",
            "router.yaml:2: url is \"not a url\"; it must be an absolute URL such as"
                + " http://127.0.0.1:8000",
            "router.yaml:4: models.llama.mode is \"shadwo\"; it must be one of off, shadow,"
                + " fully-enforced; did you mean shadow?",
            "router.yaml:5: models.qwen is refused: lowMark must be below highMark",
            "router.yaml:6: models.phi is \"7\"; it must be a mapping with named settings",
            "router.yaml:8: families[0].match is missing; it must be a text with a length from 1"
                + " to 8",
            "router.yaml:9: families[1].match is \"\"; it must be a text with a length from 1 to"
                + " 8");
  }

  @Test
  void requiredMap_absentOrEmpty_isRefused() {
    String missing =
        "router.yaml:1: models is missing; it must be a mapping with a length of at least 1";
    assertThat(problems("zones: []")).containsExactly(missing);
    assertThat(problems("models:")).containsExactly(missing);
    assertThat(problems("models: {}"))
        .containsExactly(
            "router.yaml:1: models is a mapping; it must be a mapping with a length of at least 1");
    assertThat(problems("")).hasSize(1);
  }

  @Test
  void tooLongList_isRefused() {
    assertThat(problems(MODEL + "families: [{match: a}, {match: b}, {match: c}, {match: d}]"))
        .containsExactly(
            "router.yaml:2: families is a list of 4; it must be a list with a length of at most 3");
  }

  @Test
  void duplicateKey_isRefusedWithBothLines() {
    assertThat(problems(MODEL + "zones: [a]\nzones: [b]\n"))
        .containsExactly("router.yaml:3: zones is already given in line 2; keep one of the two");
    assertThat(problems("models: {a: {}, b: {}, a: {}}")).hasSize(1);
  }

  @Test
  void malformedYaml_isOneSentenceWithTheLine() {
    assertThat(problems("models: {llama: {}\nzones: ]\n"))
        .singleElement()
        .asString()
        .startsWith("router.yaml:2: no valid YAML: ")
        .doesNotContain("\n");
    assertThat(problems("a: b: c")).singleElement().asString().startsWith("router.yaml:1: ");
    assertThat(problems(MODEL + "---\nzones: []")).hasSize(1);
    assertThat(problems("- a")).singleElement().asString().contains("is a list of 1");
    assertThat(problems("? [a]\n: b\n" + MODEL)).singleElement().asString().contains("a key");
    assertThat(problems("zones: \u0007")).hasSize(1);
  }

  @Test
  void references_thatCannotBeFollowed_areRefusedWithoutTheirValue() throws IOException {
    Files.writeString(directory.resolve("token"), "s3cret\n");
    assertThat(problems(MODEL + "password: ${env:PASSS}"))
        .containsExactly(
            "router.yaml:2: password is \"${env:PASSS}\"; it needs the environment variable"
                + " PASSS, which is not set");
    assertThat(problems(MODEL + "password: ${file:nothere}"))
        .singleElement()
        .asString()
        .contains("it needs the file " + directory.resolve("nothere"));
    assertThat(problems(MODEL + "password: ${PASS}"))
        .singleElement()
        .asString()
        .contains("write ${env:NAME} or ${file:PATH}");
    assertThat(problems(MODEL + "listen: ${file:token}"))
        .singleElement()
        .asString()
        .contains("${file:token}")
        .doesNotContain("s3cret");
    assertThat(problems(MODEL + "password: [s3cret]"))
        .singleElement()
        .asString()
        .doesNotContain("s3cret");
  }

  @Test
  void references_areReplaced() throws ConfigException, IOException {
    Files.writeString(directory.resolve("token"), "s3cret\n");
    assertThat(read(MODEL + "password: ${file:token}").password()).isEqualTo(new Secret("s3cret"));
    assertThat(read(MODEL + "note: a-${env:PORT}-$${x}").note()).isEqualTo("a-7001-${x}");
  }

  @Test
  void file_thatCannotBeRead_isOneSentence() throws IOException {
    Path missing = directory.resolve("nothere.yaml");
    assertThatThrownBy(() -> reader.read(missing, SampleConfig.class))
        .isInstanceOf(ConfigException.class)
        .hasMessage(missing + ": there is no such file");
    assertThatThrownBy(() -> reader.read(directory, SampleConfig.class))
        .hasMessage(directory + ": the file cannot be read");
    Path binary = Files.write(directory.resolve("b.yaml"), new byte[] {(byte) 0xff, 0});
    assertThatThrownBy(() -> reader.read(binary, SampleConfig.class))
        .hasMessage(binary + ": the file is not UTF-8 text");
  }

  @Test
  void bombs_areRefused() {
    StringBuilder laughs = new StringBuilder("zones: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (@Var int i = 1; i < 9; i++) {
      laughs.append("z%d: &a%d [".formatted(i, i));
      laughs.append(("*a" + (i - 1) + ", ").repeat(10)).append("]\n");
    }
    assertThat(problems(laughs.toString())).singleElement().asString().contains("aliases");
    assertThat(problems("zones: " + "[".repeat(40) + "]".repeat(40))).hasSize(1);
    assertThat(problems("note: " + "x".repeat(YamlDocument.MAX_CHARS))).hasSize(1);
    String thousand = "zones: &z [" + "x, ".repeat(Binder.MAX_NODES) + "]\n" + MODEL;
    assertThat(problems(thousand)).singleElement().asString().contains("expand to more than");
    assertThat(problems("&a zones: [*a]\n" + MODEL + "families: &f [*f]")).isNotEmpty();
  }

  @Test
  void aliases_inSmallNumbers_work() throws ConfigException {
    SampleConfig config = read("models: {a: &m {lowMark: 0.3}, b: *m}");
    assertThat(config.models().get("b")).isEqualTo(config.models().get("a"));
  }

  @Test
  void damagedFile_isReadOrRefusedButNeverFails() {
    String whole =
        """
        listen: 127.0.0.1:1
        placement: {loadFactor: 2, maxQueueWait: 1s, hash: ring}
        models:
          llama: &m {mode: shadow}
          qwen: *m
        families:
        - match: "a*"
          replicas: 2
        """;
    String marks = "[]{}:,&*!|>'\"%@`?-#\n\t $~";
    SeededCases.run(
        2_000,
        random -> {
          StringBuilder damaged = new StringBuilder(whole);
          for (@Var int i = 0; i <= random.nextInt(3); i++) {
            int at = random.nextInt(damaged.length());
            damaged.setCharAt(at, marks.charAt(random.nextInt(marks.length())));
          }
          try {
            assertThat(read(damaged.toString()).models()).isNotEmpty();
          } catch (ConfigException e) {
            assertThat(e.problems()).isNotEmpty();
            assertThat(e.problems()).noneMatch(p -> p.toString().contains("\n"));
          }
        });
  }

  @Test
  void recordWithoutAnnotation_isABug() {
    assertThatThrownBy(() -> Schema.of(Unannotated.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Unannotated.port has no @Setting");
    assertThatThrownBy(() -> Schema.of(Unsupported.class))
        .hasMessageContaining("Unsupported.thing");
    assertThatThrownBy(() -> reader.parse("", "x", directory, BadDefault.class))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("bad default of port");
  }

  record Unannotated(int port) {}

  record Unsupported(@Setting(doc = "x") Thread thing) {}

  record BadDefault(@Setting(doc = "x", defaultValue = "0", min = "1") int port) {}

  private SampleConfig overlaid(String yaml, String overlay) throws IOException, ConfigException {
    Path file = Files.writeString(directory.resolve("router.yaml"), yaml);
    return reader.read(file, new Overlay("node", overlay, Set.of("listen")), SampleConfig.class);
  }

  @Test
  void overlay_takesThePlaceOfWholeSettingsAtTheTop() throws IOException, ConfigException {
    SampleConfig config =
        overlaid("zones: [a]\nmodels: {llama: {}, qwen: {}}\n", "models: {phi: {}}\n");

    assertThat(config.models()).containsOnlyKeys("phi");
    assertThat(config.zones()).containsExactly("a");
    assertThat(overlaid(MODEL, "").models()).containsOnlyKeys("llama");
  }

  @Test
  void problems_nameTheDocumentThatGaveTheSetting() {
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class,
            () ->
                overlaid(
                    "zones: {}\nmodels: {llama: {}}\n",
                    "listen: 'x:1'\nmodels: {llama: {mod: 1}}\nzone: [a]\n\"a.b\": 1\n"));

    assertThat(refused.problems().stream().filter(problem -> problem.source().equals("node")))
        .extracting(Problem::toString)
        .containsExactly(
            "node:1: listen can be given in the file only",
            "node:2: models.llama.mod is not a setting; did you mean models.llama.mode?",
            "node:3: zone is not a setting; did you mean zones?",
            "node:4: \"a.b\" is not a setting; known here: listen, password, note, file, url,"
                + " placement, models, families, zones");
    assertThat(refused.problems().stream().filter(problem -> !problem.source().equals("node")))
        .singleElement()
        .asString()
        .endsWith("router.yaml:1: zones is a mapping; it must be a list");
  }

  @Test
  void overlayThatIsNoMapping_isRefused() {
    assertThatThrownBy(() -> overlaid(MODEL, "- a\n- b\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessage("node:1: is a list of 2; it must be a mapping");
    assertThatThrownBy(() -> overlaid(MODEL, "models: {"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("node:1: no valid YAML");
  }
}
