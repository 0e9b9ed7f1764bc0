package io.warmpath.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.warmpath.simulator.replay.ReplayOptions.FleetEvent;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

final class SecondsTest {

  private final Seconds seconds = new Seconds();

  @Test
  void durations_areSeconds() {
    assertThat(seconds.convert("5ms")).isEqualTo(0.005);
    assertThat(seconds.convert("1.5s")).isEqualTo(1.5);
    assertThat(seconds.convert("2m")).isEqualTo(120);
    assertThat(seconds.convert("0")).isZero();
    assertThat(seconds.convert("none")).isInfinite();
  }

  @Test
  void anythingElse_isRefusedInOneSentence() {
    for (String bad : new String[] {"5", "ms", "-1s", "1 s", ""}) {
      assertThatThrownBy(() -> seconds.convert(bad))
          .isInstanceOf(TypeConversionException.class)
          .hasMessageContaining("is not a duration");
    }
  }

  @Test
  void fleetEvents_areAtATimeOrAShareOfTheTrace() {
    assertThat(FleetEvents.parse(FleetEvent.Kind.KILL, "2@50%"))
        .isEqualTo(new FleetEvent(FleetEvent.Kind.KILL, 2, 0.5, true));
    assertThat(FleetEvents.parse(FleetEvent.Kind.JOIN, "4@90s"))
        .isEqualTo(new FleetEvent(FleetEvent.Kind.JOIN, 4, 90, false));
  }

  @Test
  void badFleetEvents_areRefusedInOneSentence() {
    for (String bad : new String[] {"2", "@5s", "0@5s", "2@101%", "2@soon"}) {
      assertThatThrownBy(() -> FleetEvents.parse(FleetEvent.Kind.KILL, bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(bad);
    }
  }
}
