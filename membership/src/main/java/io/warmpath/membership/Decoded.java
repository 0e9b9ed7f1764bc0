package io.warmpath.membership;

/** The outcome of reading a record: its value, or why there is none. */
public sealed interface Decoded<T> {

  /** The bytes were a record. */
  record Valid<T>(T value) implements Decoded<T> {}

  /**
   * The bytes were no usable record.
   *
   * @param reason the kind of fault, for counting
   * @param message one sentence for the log
   */
  record Refused<T>(Refusal reason, String message) implements Decoded<T> {}

  /** Kinds of fault in a record. */
  enum Refusal {
    /** Longer than {@link RecordCodec#MAX_RECORD_BYTES}. */
    TOO_LARGE,
    /** Not the protobuf message expected there. */
    MALFORMED,
    /** Written in a format that this program does not know. */
    NEWER_FORMAT,
    /** A field is missing or out of its range. */
    INVALID,
  }
}
