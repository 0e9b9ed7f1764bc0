package io.warmpath.agent.engine;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.io.IOException;
import java.util.Map;

/** JSON to and from protobuf's open maps. */
final class Json {

  private static final int MAX_DEPTH = 64;

  /** Numbers beyond this lose digits as a double, which is what an open map holds. */
  private static final double MAX_EXACT_INTEGER = 1L << 53;

  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .build();

  static final ObjectMapper MAPPER = new ObjectMapper(FACTORY);

  private Json() {}

  /** Writes the fields of {@code struct} into the object being written. */
  static void writeFields(JsonGenerator out, Struct struct) throws IOException {
    for (Map.Entry<String, Value> field : struct.getFieldsMap().entrySet()) {
      out.writeFieldName(field.getKey());
      write(out, field.getValue());
    }
  }

  static void write(JsonGenerator out, Struct struct) throws IOException {
    out.writeStartObject();
    writeFields(out, struct);
    out.writeEndObject();
  }

  private static void write(JsonGenerator out, Value value) throws IOException {
    switch (value.getKindCase()) {
      case NULL_VALUE, KIND_NOT_SET -> out.writeNull();
      case NUMBER_VALUE -> writeNumber(out, value.getNumberValue());
      case STRING_VALUE -> out.writeString(value.getStringValue());
      case BOOL_VALUE -> out.writeBoolean(value.getBoolValue());
      case STRUCT_VALUE -> write(out, value.getStructValue());
      case LIST_VALUE -> {
        out.writeStartArray();
        for (Value element : value.getListValue().getValuesList()) {
          write(out, element);
        }
        out.writeEndArray();
      }
    }
  }

  /** A whole number without a fraction: engines that expect an integer refuse {@code 5.0}. */
  private static void writeNumber(JsonGenerator out, double number) throws IOException {
    if (number == Math.rint(number) && Math.abs(number) <= MAX_EXACT_INTEGER) {
      out.writeNumber((long) number);
    } else {
      out.writeNumber(number);
    }
  }

  /** Reads the object at the parser's current token, which is its start. */
  static Struct readStruct(JsonParser in) throws IOException {
    Struct.Builder struct = Struct.newBuilder();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      in.nextToken();
      struct.putFields(name, readValue(in));
    }
    return struct.build();
  }

  static Value readValue(JsonParser in) throws IOException {
    return switch (in.currentToken()) {
      case START_OBJECT -> Value.newBuilder().setStructValue(readStruct(in)).build();
      case START_ARRAY -> Value.newBuilder().setListValue(readList(in)).build();
      case VALUE_STRING -> Value.newBuilder().setStringValue(in.getText()).build();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
          Value.newBuilder().setNumberValue(in.getDoubleValue()).build();
      case VALUE_TRUE, VALUE_FALSE -> Value.newBuilder().setBoolValue(in.getBooleanValue()).build();
      default -> Value.newBuilder().setNullValue(NullValue.NULL_VALUE).build();
    };
  }

  private static ListValue readList(JsonParser in) throws IOException {
    ListValue.Builder list = ListValue.newBuilder();
    while (in.nextToken() != JsonToken.END_ARRAY) {
      list.addValues(readValue(in));
    }
    return list.build();
  }
}
