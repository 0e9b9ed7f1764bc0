package io.warmpath.simulator.trace;

import com.google.errorprone.annotations.Var;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a trace, one JSON object a line. Where the public formats vary it is tolerant: unknown
 * fields are skipped, lines may come in any order, a parent that the file does not hold makes a
 * first turn, ids that are missing at the end of a prompt stand for tokens that nobody shares.
 */
public final class TraceReader {

  /** Block sizes tried when the ids do not fit the format's own. */
  private static final int[] BLOCK_SIZES = {16, 32, 64, 128, 256, 512, 1024, 2048};

  /** The share of the lines whose number of ids must fit the block size. */
  private static final double FITTING_SHARE = 0.9;

  private final String name;
  private final List<TraceLine> lines = new ArrayList<>();
  private final Map<String, TraceLine> lastOfSession = new HashMap<>();
  private @Var @Nullable TraceFormat format;
  private @Var int blockTokens;

  private TraceReader(String name, @Nullable TraceFormat format, int blockTokens) {
    this.name = name;
    this.format = format;
    this.blockTokens = blockTokens;
  }

  /** Reads {@code file}, its format and block size found in what it says. */
  public static Trace read(Path file) throws IOException {
    return read(file, null, 0);
  }

  /**
   * Reads {@code file}; gzip is recognized by the name's end {@code .gz}.
   *
   * @param format the format, or null to find it in the first line
   * @param blockTokens tokens a block id stands for, 0 to find it in the ids
   * @throws TraceException with one sentence and the line if the file is not such a trace
   */
  public static Trace read(Path file, @Nullable TraceFormat format, int blockTokens)
      throws IOException {
    Path last = file.getFileName();
    TraceReader reader =
        new TraceReader(last == null ? file.toString() : last.toString(), format, blockTokens);
    try (InputStream raw = Files.newInputStream(file);
        InputStream bytes = reader.name.endsWith(".gz") ? new GZIPInputStream(raw) : raw;
        BufferedReader text =
            new BufferedReader(new InputStreamReader(bytes, StandardCharsets.UTF_8))) {
      reader.readLines(text);
    }
    return reader.assemble();
  }

  private void readLines(BufferedReader text) throws IOException {
    @Var int number = 0;
    for (@Var String line = text.readLine(); line != null; line = text.readLine()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        accept(TraceLine.parse(line));
      } catch (TraceException bad) {
        throw new TraceException(name + " line " + number + " " + bad.getMessage());
      }
    }
    if (lines.isEmpty()) {
      throw new TraceException(name + " holds no request");
    }
  }

  private void accept(TraceLine line) throws TraceException {
    String declared = line.format;
    if (declared != null && lines.isEmpty()) {
      acceptHeader(declared, line);
      return;
    }
    TraceFormat known = format == null ? detect(line) : format;
    format = known;
    if (line.inputLength == 0) {
      throw new TraceException("has no input_length, must be a whole number from 1");
    }
    if (Double.isNaN(line.timestamp)) {
      line.timestamp = afterTurnBefore(line, known);
    }
    if (blockTokens == 0) {
      blockTokens = line.blockSize;
    }
    lines.add(line);
    if (line.sessionId != null) {
      lastOfSession.put(line.sessionId, line);
    }
  }

  private void acceptHeader(String declared, TraceLine header) throws TraceException {
    if (!declared.equals(TraceWriter.FORMAT)) {
      throw new TraceException("has format " + declared + ", must be " + TraceWriter.FORMAT);
    }
    format = TraceFormat.WARMPATH;
    if (blockTokens == 0) {
      blockTokens = header.blockSize;
    }
  }

  private static TraceFormat detect(TraceLine first) {
    return first.chatId == null ? TraceFormat.MOONCAKE : TraceFormat.BAILIAN;
  }

  /** Some tools write only the delay after the turn before instead of a time stamp. */
  private double afterTurnBefore(TraceLine line, TraceFormat known) throws TraceException {
    TraceLine before = line.sessionId == null ? null : lastOfSession.get(line.sessionId);
    if (before == null) {
      throw new TraceException("has no timestamp, must be a number from 0");
    }
    double delay = Double.isNaN(line.thinkMillis) ? 0 : line.thinkMillis;
    return before.timestamp + delay / known.millisPerUnit();
  }

  private Trace assemble() throws TraceException {
    TraceFormat known = format == null ? TraceFormat.MOONCAKE : format;
    if (blockTokens == 0) {
      blockTokens = fittingBlockTokens(known.blockTokens());
    }
    Integer[] order = new Integer[lines.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingDouble(i -> lines.get(i).timestamp));
    double start = lines.get(order[0]).timestamp;
    TurnFinder turns = new TurnFinder();
    List<TraceRequest> requests = new ArrayList<>(order.length);
    for (int i = 0; i < order.length; i++) {
      TraceLine line = lines.get(order[i]);
      requests.add(
          new TraceRequest(
              (line.timestamp - start) * known.millisPerUnit(),
              line.inputLength,
              line.outputLength,
              blockIds(line, i),
              turns.place(line, i)));
    }
    return Trace.of(name, blockTokens, requests);
  }

  /** The format's block size when the ids fit it, else the first usual size that they fit. */
  private int fittingBlockTokens(int usual) throws TraceException {
    if (fittingShare(usual) >= FITTING_SHARE) {
      return usual;
    }
    for (int size : BLOCK_SIZES) {
      if (fittingShare(size) >= FITTING_SHARE) {
        return size;
      }
    }
    throw new TraceException(
        "%s has ids that fit no usual block size (%d ids for the %d tokens of its first request)"
            .formatted(name, lines.getFirst().hashIds.length, lines.getFirst().inputLength));
  }

  private double fittingShare(int size) {
    @Var int fitting = 0;
    @Var int withIds = 0;
    for (TraceLine line : lines) {
      int count = line.hashIds.length;
      if (count > 0) {
        withIds++;
        fitting += count == line.inputLength / size || count == blocks(line, size) ? 1 : 0;
      }
    }
    return withIds == 0 ? 1 : (double) fitting / withIds;
  }

  private static int blocks(TraceLine line, int size) {
    return (int) (((long) line.inputLength + size - 1) / size);
  }

  /** One id a block: surplus ids go, missing ones become ids that no other request has. */
  private long[] blockIds(TraceLine line, int request) {
    int count = blocks(line, blockTokens);
    if (line.hashIds.length == count) {
      return line.hashIds;
    }
    long[] ids = Arrays.copyOf(line.hashIds, count);
    for (int i = line.hashIds.length; i < count; i++) {
      ids[i] = Mix.mix(~(long) request, i);
    }
    return ids;
  }

  /** Finds each request's turn before among the requests already placed. */
  private static final class TurnFinder {

    private final Map<String, Integer> byChat = new HashMap<>();
    private final Map<String, Integer> lastOfSession = new HashMap<>();
    private final List<TraceRequest.@Nullable Turn> placed = new ArrayList<>();

    TraceRequest.@Nullable Turn place(TraceLine line, int index) {
      TraceRequest.@Nullable Turn turn = find(line);
      placed.add(turn);
      if (line.chatId != null) {
        byChat.put(line.chatId, index);
      }
      if (line.sessionId != null) {
        lastOfSession.put(line.sessionId, index);
      }
      return turn;
    }

    private TraceRequest.@Nullable Turn find(TraceLine line) {
      if (line.chatId == null && line.sessionId == null) {
        return null;
      }
      @Nullable Integer parent =
          line.sessionId != null
              ? lastOfSession.get(line.sessionId)
              : byChat.get(line.parentChatId);
      TraceRequest.@Nullable Turn before = parent == null ? null : placed.get(parent);
      if (parent == null || before == null) {
        String session = line.sessionId != null ? line.sessionId : line.chatId;
        return new TraceRequest.Turn(session == null ? "" : session, 1, -1, Double.NaN);
      }
      return new TraceRequest.Turn(before.session(), before.number() + 1, parent, line.thinkMillis);
    }
  }
}
