package io.warmpath.simulator.trace;

import java.util.List;
import java.util.Locale;

/** Kinds of generated traffic. */
public enum TraceProfile {
  /** Chats of several turns in Zipf families with shared system prompts. */
  CHAT(new Part(SessionStyle.CHAT, 1, false)),

  /** The same with one family that begins 40 % of the sessions. */
  WHALE(new Part(SessionStyle.WHALE, 1, false)),

  /** Agent loops: about 15,000 shared tokens of tools and system prompt, many short steps. */
  AGENT(new Part(SessionStyle.AGENT, 1, false)),

  /** Chats, and for a while one family that makes twice as many requests as all the others. */
  FLASH_CROWD(new Part(SessionStyle.CHAT, 1, false), new Part(SessionStyle.CROWD, 2, true)),

  /** Nothing is ever repeated: affinity can only hurt. */
  HOSTILE(new Part(SessionStyle.HOSTILE, 1, false)),

  /** A share of each of the others. */
  MIXED(
      new Part(SessionStyle.CHAT, 0.4, false),
      new Part(SessionStyle.WHALE, 0.2, false),
      new Part(SessionStyle.AGENT, 0.25, false),
      new Part(SessionStyle.HOSTILE, 0.15, false),
      new Part(SessionStyle.CROWD, 1, true));

  /** Mean requests a second unless told otherwise. */
  public static final double REQUESTS_PER_SECOND = 5;

  @SuppressWarnings("ImmutableEnumChecker") // a copy that nobody can change
  private final List<Part> parts;

  TraceProfile(Part... parts) {
    this.parts = List.of(parts);
  }

  /**
   * Sessions of one style.
   *
   * @param style what they are like
   * @param requestShare requests of theirs per request of the trace
   * @param onlyInCrowd whether they come only while the crowd is there, on top of the rest
   */
  record Part(SessionStyle style, double requestShare, boolean onlyInCrowd) {}

  List<Part> parts() {
    return parts;
  }

  /** The name in commands. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
