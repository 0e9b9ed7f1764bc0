package io.warmpath.simulator.server;

/** How the output of a {@link Generation} is written to its exchange. */
interface ResponseFormat {

  /** All sequences were accepted by the engine. */
  void start();

  /** Token {@code position} of a choice was decoded; positions come in order. */
  void token(Choice choice, int position);

  /** All choices are complete. */
  void end();
}
