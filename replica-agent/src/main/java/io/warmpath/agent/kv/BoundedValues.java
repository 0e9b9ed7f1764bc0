package io.warmpath.agent.kv;

import java.io.IOException;
import org.msgpack.core.MessageUnpacker;
import org.msgpack.value.Value;
import org.msgpack.value.ValueFactory;

/**
 * Reads a MessagePack value without believing the lengths in it: a few damaged bytes may claim a
 * list of two billion, for which the library would make room.
 */
final class BoundedValues {

  private static final int MAX_DEPTH = 16;

  private final MessageUnpacker in;
  private final int length;

  /** Reads from {@code in}, which holds {@code length} bytes. */
  BoundedValues(MessageUnpacker in, int length) {
    this.in = in;
    this.length = length;
  }

  Value read() throws IOException, MalformedEventException {
    return read(0);
  }

  private Value read(int depth) throws IOException, MalformedEventException {
    if (depth > MAX_DEPTH) {
      throw new MalformedEventException("a batch is nested too deeply");
    }
    return switch (in.getNextFormat().getValueType()) {
      case ARRAY -> {
        Value[] values = new Value[checked(in.unpackArrayHeader(), 1)];
        for (int i = 0; i < values.length; i++) {
          values[i] = read(depth + 1);
        }
        yield ValueFactory.newArray(values, true);
      }
      case MAP -> {
        Value[] keysAndValues = new Value[2 * checked(in.unpackMapHeader(), 2)];
        for (int i = 0; i < keysAndValues.length; i++) {
          keysAndValues[i] = read(depth + 1);
        }
        yield ValueFactory.newMap(keysAndValues, true);
      }
      case STRING ->
          ValueFactory.newString(in.readPayload(checked(in.unpackRawStringHeader(), 1)), true);
      case BINARY ->
          ValueFactory.newBinary(in.readPayload(checked(in.unpackBinaryHeader(), 1)), true);
      case EXTENSION -> {
        in.skipValue();
        yield ValueFactory.newNil();
      }
      case NIL, BOOLEAN, INTEGER, FLOAT -> in.unpackValue();
    };
  }

  /** Returns the claimed number of elements, each of which takes so many bytes at least. */
  private int checked(int count, int bytesEach) throws MalformedEventException {
    if (count < 0 || (long) count * bytesEach > length - in.getTotalReadBytes()) {
      throw new MalformedEventException("a batch is shorter than it says");
    }
    return count;
  }
}
