package io.warmpath.agent.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Duration;
import java.util.function.Consumer;

/** Gets a whole page from the engine. */
public final class PageFetch {

  private PageFetch() {}

  /** How a fetch ended. */
  public sealed interface Result {

    /**
     * The engine answered.
     *
     * @param status its status
     * @param body its body, whole
     */
    @SuppressWarnings("ArrayRecordComponent") // a record for its shape; never compared
    record Page(int status, byte[] body) implements Result {}

    /** It did not, or not with a page that the agent takes. */
    record Failed(EngineFailure failure) implements Result {}
  }

  /**
   * Gets {@code path} and calls {@code whenDone} exactly once, later, on the client's event loop.
   *
   * @param maxBytes a longer page is a failure
   */
  public static void start(
      EngineHttpClient client,
      String path,
      Duration timeout,
      int maxBytes,
      Consumer<Result> whenDone) {
    client.send(EngineRequest.get(path, timeout), new Fetch(path, maxBytes, whenDone));
  }

  private static final class Fetch implements ResponseListener {
    private final String path;
    private final BodyCollector body;
    private final Consumer<Result> whenDone;
    private int status;

    Fetch(String path, int maxBytes, Consumer<Result> whenDone) {
      this.path = path;
      this.body = new BodyCollector(maxBytes);
      this.whenDone = whenDone;
    }

    @Override
    public void onHead(int status, HttpHeaders headers) {
      this.status = status;
    }

    @Override
    public void onBody(ByteBuf piece) {
      body.add(piece);
    }

    @Override
    public void onEnd() {
      if (body.isTruncated()) {
        onFailure(new EngineFailure(EngineFailure.Kind.MALFORMED, path + " is too long"));
      } else {
        whenDone.accept(new Result.Page(status, body.toBytes()));
      }
    }

    @Override
    public void onFailure(EngineFailure failure) {
      whenDone.accept(new Result.Failed(failure));
    }
  }
}
