package io.warmpath.bench.door;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process holds.
 *
 * @param liveHeapBytes objects of a JVM that outlive a full collection; 0 for other processes
 * @param residentBytes pages in memory, on Linux
 */
record ProcessMemory(long liveHeapBytes, long residentBytes) {

  private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

  /**
   * Measures process {@code id}; has a JVM collect its garbage first.
   *
   * @throws IOException when it has gone, or this is not Linux
   */
  static ProcessMemory of(long id) throws IOException, InterruptedException {
    long heap = liveHeap(id);
    String status = Files.readString(Path.of("/proc", Long.toString(id), "status"));
    Matcher resident = RESIDENT.matcher(status);
    if (!resident.find()) {
      throw new IOException("process " + id + " has no resident size");
    }
    return new ProcessMemory(heap, Long.parseLong(resident.group(1)) << 10);
  }

  private static long liveHeap(long id) throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    Process process =
        new ProcessBuilder(List.of(jcmd.toString(), Long.toString(id), "GC.class_histogram"))
            .redirectErrorStream(true)
            .start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    Matcher total = TOTAL.matcher(text);
    return total.find() ? Long.parseLong(total.group(1)) : 0;
  }
}
