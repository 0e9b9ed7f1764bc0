package io.warmpath.simulator.replay;

import com.google.errorprone.annotations.Var;
import io.warmpath.routing.PickReason;
import org.HdrHistogram.Histogram;

/** What one replay measures, while it runs. One writer: the replay's loop. */
final class Measures {

  /** Time to the first token within this plus {@link #TARGET_PREFILLS} own prefills is good. */
  private static final double TARGET_SECONDS = 3;

  private static final int TARGET_PREFILLS = 2;

  private static final long MAX_MICROS = 86_400_000_000L;

  /** First-token times in microseconds, up to a day. */
  private final Histogram ttftMicros = new Histogram(MAX_MICROS, 3);

  private final Histogram hottestTtftMicros = new Histogram(MAX_MICROS, 3);
  private final Histogram othersTtftMicros = new Histogram(MAX_MICROS, 3);

  @Var int completed;
  @Var int errors;
  @Var int refused;
  @Var int cutStreams;
  @Var int replaced;
  @Var long picks;
  @Var long refusals;
  private @Var long spills;
  @Var int measuredRefused;
  private @Var int measured;
  private @Var int withinTarget;
  private @Var long measuredTokens;
  private @Var long withinTargetTokens;
  private @Var long promptTokens;
  private @Var long cachedTokens;
  private @Var double ttftSumSeconds;

  /** A request of the measured part of the trace arrived. */
  void arrived(int tokens) {
    measured++;
    measuredTokens += tokens;
  }

  /** A replica took a request. */
  void accepted(PickReason reason) {
    if (reason == PickReason.SPILL) {
      spills++;
    }
  }

  /** A prompt was computed. */
  void prefilled(int tokens, int cached) {
    promptTokens += tokens;
    cachedTokens += cached;
  }

  /** The first token of a measured request came, one of the hottest family or not. */
  void firstToken(int tokens, double ttftSeconds, double ownPrefillSeconds, boolean hottest) {
    long micros = Math.round(ttftSeconds * 1e6);
    ttftSumSeconds += ttftSeconds;
    ttftMicros.recordValue(micros);
    (hottest ? hottestTtftMicros : othersTtftMicros).recordValue(micros);
    if (ttftSeconds <= TARGET_SECONDS + TARGET_PREFILLS * ownPrefillSeconds) {
      withinTarget++;
      withinTargetTokens += tokens;
    }
  }

  long spills() {
    return spills;
  }

  Histogram ttftMicros() {
    return ttftMicros;
  }

  Histogram hottestTtftMicros() {
    return hottestTtftMicros;
  }

  Histogram othersTtftMicros() {
    return othersTtftMicros;
  }

  double ttftMeanSeconds() {
    long count = ttftMicros.getTotalCount();
    return count == 0 ? 0 : ttftSumSeconds / count;
  }

  double tokenHitRate() {
    return promptTokens == 0 ? 0 : (double) cachedTokens / promptTokens;
  }

  double requestsWithinTarget() {
    return measured == 0 ? 0 : (double) withinTarget / measured;
  }

  double tokensWithinTarget() {
    return measuredTokens == 0 ? 0 : (double) withinTargetTokens / measuredTokens;
  }
}
