package io.warmpath.simulator.trace;

/** Kinds of generated traffic. */
public enum TraceProfile {
  /** Chats of several turns in Zipf families with shared system prompts. */
  CHAT(20),
  /** The same with one family that makes 40 % of the requests. */
  WHALE(20),
  /** Agent loops: about 15,000 shared tokens of tools and system prompt, many short steps. */
  AGENT(20),
  /** Chats, and in the middle one family that suddenly makes most of the requests. */
  FLASH_CROWD(20),
  /** Nothing is ever repeated: affinity can only hurt. */
  HOSTILE(20),
  /** A share of each of the others. */
  MIXED(20);

  private final double requestsPerSecond;

  TraceProfile(double requestsPerSecond) {
    this.requestsPerSecond = requestsPerSecond;
  }

  /** Mean requests a second unless told otherwise. */
  public double requestsPerSecond() {
    return requestsPerSecond;
  }
}
