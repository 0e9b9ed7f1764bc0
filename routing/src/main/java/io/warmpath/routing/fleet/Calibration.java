package io.warmpath.routing.fleet;

import java.util.concurrent.atomic.DoubleAdder;

/**
 * How far beliefs of pending work are to be trusted, learned from the answers of replicas. Answers
 * are added by any thread; {@link #learn} belongs to the updating thread.
 */
final class Calibration {

  /*
   * A belief that rests on an old report is wrong in a way that is known on average: a replica that
   * was busy then was avoided since, and one that was idle has been given work by everyone. So the
   * truth is nearer to the mean than the belief. How much nearer depends on the reports' age, the
   * number of routers and the load, none of which a router knows well; but every answer of a
   * replica says what the truth was, so the line
   *
   *   truth = intercept + slope x belief
   *
   * is fitted to the last few thousand pairs by least squares, and with it how far the truth still
   * is from the line. Where reports are fresh it becomes truth = belief by itself.
   *
   * An answer is the truth of its moment, a report is late from the start: what rests on the one is
   * wrong by less than what rests on the other, so each has a line of its own.
   */
  private static final double MEMORY_PAIRS = 2000;
  private static final double FIRST_PAIRS = 64;

  private final Fit ofReports = new Fit();
  private final Fit ofAnswers = new Fit();

  /** What a replica's last word was. */
  enum Basis {
    REPORT,
    ANSWER,
  }

  /**
   * What was believed when a request was sent.
   *
   * @param basis what it rested on
   * @param seconds pending work
   */
  record Guess(Basis basis, double seconds) {}

  /**
   * A line.
   *
   * @param intercept the truth at a belief of 0, seconds, at least 0
   * @param slope 0 when beliefs say nothing, 1 when they are true
   * @param deviation of the truth from the line, standard, seconds
   */
  record Line(double intercept, double slope, double deviation) {

    double truth(double beliefSeconds) {
      return intercept + slope * beliefSeconds;
    }
  }

  /** A replica answered: this was believed, that was true, in seconds. */
  void answered(Guess guess, double truthSeconds) {
    fit(guess.basis).add(guess.seconds, truthSeconds);
  }

  /** The line as learned so far. */
  Line line(Basis basis) {
    return fit(basis).line;
  }

  /** Fits the lines anew to what was answered since and what is remembered. */
  void learn() {
    ofReports.learn();
    ofAnswers.learn();
  }

  private Fit fit(Basis basis) {
    return switch (basis) {
      case REPORT -> ofReports;
      case ANSWER -> ofAnswers;
    };
  }

  private static final class Fit {

    private final DoubleAdder count = new DoubleAdder();
    private final DoubleAdder sumBelief = new DoubleAdder();
    private final DoubleAdder sumTruth = new DoubleAdder();
    private final DoubleAdder sumBeliefSquared = new DoubleAdder();
    private final DoubleAdder sumTruthSquared = new DoubleAdder();
    private final DoubleAdder sumProduct = new DoubleAdder();

    private final double[] faded = new double[6];
    private volatile Line line = new Line(0, 1, 0);

    void add(double beliefSeconds, double truthSeconds) {
      count.add(1);
      sumBelief.add(beliefSeconds);
      sumTruth.add(truthSeconds);
      sumTruthSquared.add(truthSeconds * truthSeconds);
      sumBeliefSquared.add(beliefSeconds * beliefSeconds);
      sumProduct.add(beliefSeconds * truthSeconds);
    }

    void learn() {
      double[] fresh = {
        count.sumThenReset(),
        sumBelief.sumThenReset(),
        sumTruth.sumThenReset(),
        sumBeliefSquared.sumThenReset(),
        sumProduct.sumThenReset(),
        sumTruthSquared.sumThenReset()
      };
      double keep = Math.exp(-fresh[0] / MEMORY_PAIRS);
      for (int i = 0; i < faded.length; i++) {
        faded[i] = keep * faded[i] + fresh[i];
      }
      double pairs = faded[0];
      if (pairs < FIRST_PAIRS) {
        return;
      }
      double meanBelief = faded[1] / pairs;
      double meanTruth = faded[2] / pairs;
      double variance = faded[3] / pairs - meanBelief * meanBelief;
      double covariance = faded[4] / pairs - meanBelief * meanTruth;
      double slope = variance > 1e-9 ? Math.clamp(covariance / variance, 0, 1) : 1;
      double truthVariance = faded[5] / pairs - meanTruth * meanTruth;
      double unexplained = Math.max(0, truthVariance - slope * covariance);
      line = new Line(Math.max(0, meanTruth - slope * meanBelief), slope, Math.sqrt(unexplained));
    }
  }
}
