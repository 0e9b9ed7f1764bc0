package io.warmpath.cli;

import java.util.concurrent.CountDownLatch;

/** Keeps a server running until the process is told to stop, by SIGTERM or Ctrl-C. */
final class UntilStopped {

  private UntilStopped() {}

  /**
   * Returns never; when the process is told to stop, runs {@code drain} and then ends the process
   * with exit code 0.
   *
   * @param announce says that the server is ready: whoever reads it may stop the process at once
   * @param drain bounded in time
   */
  static void run(Runnable announce, Runnable drain) throws InterruptedException {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("warmpath-shutdown")
                .unstarted(() -> {
                  drain.run();
                  // The signal's own exit code would say that something failed.
                  Runtime.getRuntime().halt(ExitCodes.OK);
                }));
    announce.run();
    new CountDownLatch(1).await();
  }
}
