package io.warmpath.router.usage;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Usage on disk: a file of comma-separated values for each UTC day, to which what was counted is
 * appended. Confined to one thread.
 */
final class UsageFiles implements AutoCloseable {

  /*
   * A line holds what was counted since the last one of its key, so a file means the sums of its
   * lines, and adding to it needs no reading. Whatever may be cut off by the end of a process or of
   * the disk's space is the last line; a line counts once its end is there. A file with many lines
   * a key, and that of a day that is over, is replaced as a whole by one with a line a key.
   *
   * One process at a time: a lock on a file of its own keeps others away.
   */
  private static final Logger LOG = LoggerFactory.getLogger(UsageFiles.class);

  private static final String PREFIX = "usage-";
  private static final String SUFFIX = ".csv";
  private static final String LOCK = "usage.lock";
  private static final long MAX_LINES_A_ROW = 4;
  private static final long FREE_LINES = 10_000;

  private final Path directory;
  private final FileChannel lockFile;
  private final Map<LocalDate, Long> lines = new HashMap<>();

  private UsageFiles(Path directory, FileChannel lockFile) {
    this.directory = directory;
    this.lockFile = lockFile;
  }

  /**
   * Opens a directory, which is made when it is missing.
   *
   * @throws IOException when it cannot be used, in one sentence
   */
  static UsageFiles open(Path directory) throws IOException {
    FileChannel lockFile;
    try {
      Files.createDirectories(directory);
      lockFile =
          FileChannel.open(
              directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException unusable) {
      throw new IOException("metering: cannot use " + directory + ": " + unusable, unusable);
    }
    if (!isLocked(lockFile)) {
      lockFile.close();
      throw new IOException("metering: " + directory + " is in use by another router");
    }
    return new UsageFiles(directory, lockFile);
  }

  /* The lock lasts as long as its channel is open. */
  private static boolean isLocked(FileChannel file) throws IOException {
    try {
      FileLock lock = file.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException ofThisProcess) {
      return false;
    }
  }

  /** Adds a day's file to {@code book}, if there is one; lines that are none are logged. */
  void read(LocalDate day, UsageBook book) throws IOException {
    Path file = file(day);
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException none) {
      return;
    }
    int end = endOfLastLine(bytes);
    if (end < bytes.length) {
      LOG.warn("{}: its last line was cut off and does not count", file);
      truncate(file, end);
    }
    List<String> texts = new String(bytes, 0, end, StandardCharsets.UTF_8).lines().toList();
    @Var boolean good = true;
    for (int i = 0; i < texts.size(); i++) {
      good &= texts.get(i).equals(UsageLine.HEADER) || add(day, i + 1, texts.get(i), book);
    }
    // A file that somebody should look at is never replaced.
    lines.put(day, good ? (long) texts.size() : Long.MIN_VALUE);
  }

  private boolean add(LocalDate day, int number, String text, UsageBook book) {
    try {
      UsageLine line = UsageLine.parse(text);
      if (!line.day().equals(day)) {
        throw new IllegalArgumentException("it is of another day");
      }
      book.add(day, line.key(), line.counts());
      return true;
    } catch (IllegalArgumentException none) {
      LOG.error("{}, line {} does not count: {}", file(day), number, none.getMessage());
      return false;
    }
  }

  private static int endOfLastLine(byte[] bytes) {
    @Var int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return end;
  }

  private static void truncate(Path file, long length) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(length);
    }
  }

  /** Appends rows to a day's file; when that fails the file is as it was. */
  void append(LocalDate day, Map<UsageKey, UsageCounts> rows) throws IOException {
    Path file = file(day);
    boolean isNew = !Files.exists(file);
    byte[] text = text(day, rows, isNew).getBytes(StandardCharsets.UTF_8);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      long before = channel.size();
      channel.position(before);
      @Var boolean whole = false;
      try {
        write(channel, text);
        whole = true;
      } finally {
        if (!whole) {
          channel.truncate(before);
        }
      }
    }
    lines.merge(day, rows.size() + (isNew ? 1L : 0L), Long::sum);
  }

  /** Replaces a day's file by one with a line a row, if it has many more lines. */
  void compact(LocalDate day, Map<UsageKey, UsageCounts> rows, boolean dayIsOver)
      throws IOException {
    long written = lines.getOrDefault(day, 0L);
    long most = dayIsOver ? rows.size() + 1L : rows.size() * MAX_LINES_A_ROW + FREE_LINES;
    if (written <= most) {
      return;
    }
    Path whole = directory.resolve(PREFIX + day + SUFFIX + ".new");
    try (FileChannel channel =
        FileChannel.open(
            whole,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      write(channel, text(day, rows, true).getBytes(StandardCharsets.UTF_8));
    }
    Files.move(whole, file(day), StandardCopyOption.ATOMIC_MOVE);
    lines.put(day, rows.size() + 1L);
  }

  private static String text(LocalDate day, Map<UsageKey, UsageCounts> rows, boolean withHeader) {
    StringBuilder text = new StringBuilder();
    if (withHeader) {
      text.append(UsageLine.HEADER).append('\n');
    }
    rows.entrySet().stream()
        .map(row -> new UsageLine(day, row.getKey(), row.getValue()).text())
        .sorted()
        .forEach(line -> text.append(line).append('\n'));
    return text.toString();
  }

  private static void write(FileChannel channel, byte[] text) throws IOException {
    ByteBuffer left = ByteBuffer.wrap(text);
    while (left.hasRemaining()) {
      channel.write(left);
    }
    channel.force(false);
  }

  private Path file(LocalDate day) {
    return directory.resolve(PREFIX + day + SUFFIX);
  }

  @Override
  public void close() {
    try {
      lockFile.close();
    } catch (IOException gone) {
      LOG.warn("the lock on {} could not be given back", directory);
    }
  }
}
