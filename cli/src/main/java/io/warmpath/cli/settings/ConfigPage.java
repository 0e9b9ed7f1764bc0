package io.warmpath.cli.settings;

import io.warmpath.config.ConfigDocs;

/** The page docs/configuration.md, made of the records that validate the files. */
public final class ConfigPage {

  private static final String INTRODUCTION =
      """
      # Configuration

      Made by `./warmpath config docs`; a test holds this page equal to it. Change the records in
      `cli/src/main/java/io/warmpath/cli/settings/` instead.

      Each role reads one YAML file: `warmpath router --config FILE`, `warmpath agent --config
      FILE`. Unknown keys, bad values and duplicate keys are refused, all at once, each with its
      line; `warmpath config check --role router|agent FILE` says them without starting anything.
      Lists of more than one kind of setting are written `name[].setting`, free names `NAME`. A
      setting whose *Live* column says `restart` takes effect at the next start.

      A value may hold `${env:NAME}` for an environment variable and `${file:PATH}` for the content
      of a file, relative to the config file; `$${` stands for a literal `${`. Durations need a unit
      (`250ms`, `3s`, `5m`, `1h`, `1d`), sizes may have one (`KiB`, `MiB`, `GiB`), and whole numbers
      may be grouped (`2_000_000`).
      """;

  private ConfigPage() {}

  /** Returns the page. */
  public static String markdown() {
    return INTRODUCTION
        + "\n## Router\n\n"
        + ConfigDocs.markdown(RouterSettings.class, 3)
        + "\n## Agent\n\n"
        + ConfigDocs.markdown(AgentSettings.class, 3);
  }
}
