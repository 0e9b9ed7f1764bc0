package io.warmpath.simulator.trace;

/**
 * How sessions of one kind go.
 *
 * @param families what they share
 * @param turns requests of a session
 * @param newTokens what a turn adds to the prompt: a question, a tool's result
 * @param outputTokens what a turn decodes
 * @param thinkSeconds pause between the end of a turn and the next
 */
record SessionStyle(
    FamilyPool.Shape families,
    LogNormal turns,
    LogNormal newTokens,
    LogNormal outputTokens,
    LogNormal thinkSeconds) {

  private static final LogNormal CHAT_TURNS = new LogNormal(3, 0.8, 1, 40);
  private static final LogNormal CHAT_QUESTION = new LogNormal(250, 1.2, 8, 16_000);
  private static final LogNormal CHAT_ANSWER = new LogNormal(250, 0.8, 1, 4000);
  private static final LogNormal CHAT_PAUSE = new LogNormal(20, 0.9, 1, 600);

  /** 64 families with system prompts of some thousand tokens. */
  static final SessionStyle CHAT =
      new SessionStyle(
          new FamilyPool.Shape(64, 1, new LogNormal(2000, 0.6, 256, 8000), 0),
          CHAT_TURNS,
          CHAT_QUESTION,
          CHAT_ANSWER,
          CHAT_PAUSE);

  /** The same with one family that begins 40 % of the sessions. */
  static final SessionStyle WHALE =
      new SessionStyle(
          new FamilyPool.Shape(64, 1, new LogNormal(2000, 0.6, 1500, 8000), 0.4),
          CHAT_TURNS,
          CHAT_QUESTION,
          CHAT_ANSWER,
          CHAT_PAUSE);

  /** One family, suddenly popular: short sessions. */
  static final SessionStyle CROWD =
      new SessionStyle(
          new FamilyPool.Shape(1, 1, new LogNormal(6000, 0, 6000, 6000), 0),
          new LogNormal(1, 0.6, 1, 5),
          CHAT_QUESTION,
          CHAT_ANSWER,
          CHAT_PAUSE);

  /** Tools and system prompt of some 15,000 tokens; 10 of 127 families begin 54 % of the loops. */
  static final SessionStyle AGENT =
      new SessionStyle(
          new FamilyPool.Shape(127, 1, new LogNormal(15_000, 0.15, 8000, 30_000), 0),
          new LogNormal(12, 0.7, 2, 80),
          new LogNormal(350, 1, 16, 12_000),
          new LogNormal(120, 0.7, 8, 2000),
          new LogNormal(2, 0.9, 0.1, 120));

  /** Single prompts that share nothing. */
  static final SessionStyle HOSTILE =
      new SessionStyle(
          new FamilyPool.Shape(1, 1, new LogNormal(1, 0, 0, 0), 0),
          new LogNormal(1, 0, 1, 1),
          new LogNormal(5000, 1, 64, 100_000),
          CHAT_ANSWER,
          CHAT_PAUSE);

  /** Requests of a session on average, about. */
  double meanTurns() {
    return Math.max(1, turns.median() * Math.exp(turns.sigma() * turns.sigma() / 2));
  }
}
