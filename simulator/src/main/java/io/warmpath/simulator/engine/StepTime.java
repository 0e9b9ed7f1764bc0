package io.warmpath.simulator.engine;

/**
 * How long one forward pass of the engine takes: {@code base + prefill tokens × perPrefillToken +
 * decoding sequences × perDecodeSequence + tokens of context that those read × perContextToken}.
 * All in seconds, none negative, the sum of the first two above 0.
 *
 * @param baseSeconds cost of any pass
 * @param perPrefillTokenSeconds cost of computing one prompt token
 * @param perDecodeSequenceSeconds cost of decoding one token of one sequence
 * @param perContextTokenSeconds cost of reading one token of KV cache for a decoding sequence
 */
public record StepTime(
    double baseSeconds,
    double perPrefillTokenSeconds,
    double perDecodeSequenceSeconds,
    double perContextTokenSeconds) {

  public StepTime {
    requireNotNegative("baseSeconds", baseSeconds);
    requireNotNegative("perPrefillTokenSeconds", perPrefillTokenSeconds);
    requireNotNegative("perDecodeSequenceSeconds", perDecodeSequenceSeconds);
    requireNotNegative("perContextTokenSeconds", perContextTokenSeconds);
    if (baseSeconds + perPrefillTokenSeconds <= 0) {
      throw new IllegalArgumentException("a step takes no time: baseSeconds and prefill are 0");
    }
  }

  /** Returns the seconds of a pass over this work. */
  public double seconds(int prefillTokens, int decodeSequences, long contextTokens) {
    return baseSeconds
        + prefillTokens * perPrefillTokenSeconds
        + decodeSequences * perDecodeSequenceSeconds
        + contextTokens * perContextTokenSeconds;
  }

  /** Returns the same engine running {@code factor} times as fast. */
  StepTime atSpeed(double factor) {
    return new StepTime(
        baseSeconds / factor,
        perPrefillTokenSeconds / factor,
        perDecodeSequenceSeconds / factor,
        perContextTokenSeconds / factor);
  }

  private static void requireNotNegative(String name, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + ": " + value);
    }
  }
}
