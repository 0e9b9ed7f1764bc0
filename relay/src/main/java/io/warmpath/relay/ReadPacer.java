package io.warmpath.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;

/**
 * Lets the small pieces of a burst gather before they are read; the first handler of a connection
 * that answers come from, and the one who says whether it is read at all. Confined to its thread.
 *
 * <p>What comes at the pace of decoding, the first pieces of a burst, and large reads are not held
 * up. The others wait for a millisecond at most.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a pause ends by itself
public final class ReadPacer extends ChannelInboundHandlerAdapter {

  /*
   * A woken thread, one recv and one writev cost a relay some ten times what the bytes of a token
   * do, and a process that is fast enough wakes for each. Engines send a token to a client each 5
   * to 50 ms, so pieces that follow each other within two are a burst, of which nobody can tell
   * whether it was a millisecond later.
   */
  private static final long BURST_GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final int BURST_READS = 4;
  private static final int LARGE_READ_BYTES = 16 << 10;

  private final Channel channel;
  private boolean wanted = true;
  private boolean pausing;
  private long lastReadNanos;
  private int bytes;
  private int run;

  /** Paces the reads of {@code channel}. */
  public ReadPacer(Channel channel) {
    this.channel = channel;
  }

  /** Another exchange begins: what came before was not its burst. */
  public void begin() {
    run = 0;
    pausing = false;
    reading(true);
  }

  /** Whether the connection is to be read; when not, who sends feels back-pressure. */
  public void reading(boolean on) {
    wanted = on;
    apply();
  }

  private void apply() {
    channel.config().setAutoRead(wanted && !pausing);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof ByteBuf read) {
      bytes += read.readableBytes();
    }
    context.fireChannelRead(message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    long now = channel.eventLoop().ticker().nanoTime();
    boolean inBurst = now - lastReadNanos < BURST_GAP_NANOS && bytes < LARGE_READ_BYTES;
    run = inBurst ? run + 1 : 0;
    lastReadNanos = now;
    bytes = 0;
    if (run >= BURST_READS && !pausing) {
      pausing = true;
      apply();
      channel.eventLoop().schedule(this::resume, PAUSE_NANOS, TimeUnit.NANOSECONDS);
    }
    context.fireChannelReadComplete();
  }

  private void resume() {
    if (pausing) {
      pausing = false;
      apply();
    }
  }
}
