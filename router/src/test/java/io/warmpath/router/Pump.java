package io.warmpath.router;

import java.util.concurrent.BlockingQueue;

/** Sends chunks as fast as flow control lets it, and says how many it has sent. */
final class Pump implements Runnable {

  private final FakeAgent.Call call;
  private final String chunk;
  private final int chunks;
  private final BlockingQueue<Integer> sent;
  private int count;
  private boolean ended;

  Pump(FakeAgent.Call call, String chunk, int chunks, BlockingQueue<Integer> sent) {
    this.call = call;
    this.chunk = chunk;
    this.chunks = chunks;
    this.sent = sent;
    call.observer.setOnReadyHandler(this);
    call.placement(0);
  }

  @Override
  public void run() {
    while (!ended && call.observer.isReady()) {
      if (count == chunks) {
        ended = true;
        call.completed(chunks, 0);
        call.end();
      } else {
        count++;
        call.delta(chunk);
      }
    }
    sent.add(count);
  }
}
