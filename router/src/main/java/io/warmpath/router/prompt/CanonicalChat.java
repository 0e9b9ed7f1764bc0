package io.warmpath.router.prompt;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.warmpath.v1.ChatMessage;
import io.warmpath.v1.ChatPrompt;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a conversation as bytes that depend on its content only: JSON without white space, members
 * in the order of their names but for {@link CacheMarks}, tools before messages because chat
 * templates put them first. A conversation that goes on has the bytes of its beginning as a prefix.
 */
public final class CanonicalChat {

  private static final String END = "]}";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Members around here that {@link CacheMarks#holdsData}. */
  private int dataDepth;

  private CanonicalChat() {}

  /** Returns the canonical bytes of {@code chat}. */
  public static byte[] bytes(ChatPrompt chat) {
    CanonicalChat canonical = new CanonicalChat();
    canonical.raw("{\"tools\":[");
    canonical.list(chat.getToolsList().stream().map(CanonicalChat::value).toList());
    canonical.raw("],\"messages\":[");
    canonical.list(chat.getMessagesList().stream().map(CanonicalChat::message).toList());
    canonical.raw(END);
    return canonical.out.toByteArray();
  }

  /**
   * Returns of the canonical bytes of {@code chat} those up to the end of the first message of the
   * user, which stay the same while the conversation goes on; none when the user says nothing.
   */
  public static byte[] opening(ChatPrompt chat) {
    for (int i = 0; i < chat.getMessagesCount(); i++) {
      if (chat.getMessages(i).getRole().equals("user")) {
        byte[] whole =
            bytes(
                ChatPrompt.newBuilder()
                    .addAllTools(chat.getToolsList())
                    .addAllMessages(chat.getMessagesList().subList(0, i + 1))
                    .build());
        return Arrays.copyOf(whole, whole.length - END.length());
      }
    }
    return new byte[0];
  }

  /** Returns the canonical bytes of chats without tools whose first message begins so, to there. */
  public static byte[] beginning(byte[] firstContent) {
    CanonicalChat canonical = new CanonicalChat();
    canonical.raw("{\"tools\":[],\"messages\":[{\"content\":\"");
    canonical.escaped(firstContent);
    return canonical.out.toByteArray();
  }

  private static Value message(ChatMessage message) {
    return value(
        Struct.newBuilder()
            .putFields("content", Value.newBuilder().setStringValue(message.getContent()).build())
            .putFields("role", Value.newBuilder().setStringValue(message.getRole()).build())
            .putAllFields(message.getExtra().getFieldsMap())
            .build());
  }

  private static Value value(Struct struct) {
    return Value.newBuilder().setStructValue(struct).build();
  }

  private void list(List<Value> values) {
    for (int i = 0; i < values.size(); i++) {
      if (i > 0) {
        out.write(',');
      }
      write(values.get(i));
    }
  }

  private void write(Value value) {
    switch (value.getKindCase()) {
      case NULL_VALUE, KIND_NOT_SET -> raw("null");
      case NUMBER_VALUE -> raw(CanonicalNumber.text(value.getNumberValue()));
      case STRING_VALUE -> string(value.getStringValue());
      case BOOL_VALUE -> raw(Boolean.toString(value.getBoolValue()));
      case STRUCT_VALUE -> object(value.getStructValue());
      case LIST_VALUE -> {
        ListValue items = value.getListValue();
        out.write('[');
        list(items.getValuesList());
        out.write(']');
      }
    }
  }

  private void object(Struct struct) {
    out.write('{');
    int start = out.size();
    for (Map.Entry<String, Value> member : new TreeMap<>(struct.getFieldsMap()).entrySet()) {
      if (dataDepth == 0 && CacheMarks.isMark(member.getKey())) {
        continue;
      }
      if (out.size() > start) {
        out.write(',');
      }
      member(member.getKey(), member.getValue());
    }
    out.write('}');
  }

  private void member(String name, Value value) {
    int data = CacheMarks.holdsData(name) ? 1 : 0;
    string(name);
    out.write(':');
    dataDepth += data;
    write(value);
    dataDepth -= data;
  }

  private void string(String text) {
    out.write('"');
    escaped(text.getBytes(StandardCharsets.UTF_8));
    out.write('"');
  }

  private void escaped(byte[] text) {
    for (byte unit : text) {
      if (unit == '"' || unit == '\\') {
        out.write('\\');
      }
      out.write(unit);
    }
  }

  private void raw(String text) {
    out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
  }
}
