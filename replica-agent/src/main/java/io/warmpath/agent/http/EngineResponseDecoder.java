package io.warmpath.agent.http;

import com.google.errorprone.annotations.Var;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decodes an engine's answers. What arrived together of a chunked body (RFC 9112, 7.1) leaves as
 * one piece: an engine sends each token as a chunk, and the pipeline costs far more than a token's
 * few bytes. Chunks with extensions, the last one and its trailers are left to Netty's own decoder.
 */
final class EngineResponseDecoder extends HttpResponseDecoder {

  private static final int MAX_INITIAL_LINE_BYTES = 4096;
  private static final int MAX_HEADER_BYTES = 32 * 1024;
  private static final int MAX_PIECE_BYTES = 64 * 1024;

  /** Of a chunk's size: 256 MiB less one byte. */
  private static final int MAX_DIGITS = 7;

  private static final int LINE_END_BYTES = 2;
  private static final byte CR = '\r';
  private static final byte LF = '\n';

  /** What comes next of the answer. */
  private enum Next {
    /** Something for Netty's decoder. */
    OTHER,
    SIZE,
    DATA,
    /** The line end behind a chunk's data. */
    DELIMITER,
  }

  private Next next = Next.OTHER;

  /** Bytes of the chunk's data that have not come yet. */
  private int left;

  private @Nullable ByteBuf piece;
  private boolean joined;
  private boolean bodyless;

  EngineResponseDecoder() {
    super(MAX_INITIAL_LINE_BYTES, MAX_HEADER_BYTES, MAX_PIECE_BYTES);
  }

  /** The next answer is one to HEAD, which has no body whatever its headers say, or to another. */
  void answersHead(boolean head) {
    bodyless = head;
  }

  @Override
  protected boolean isContentAlwaysEmpty(HttpMessage message) {
    return bodyless || super.isContentAlwaysEmpty(message);
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
      throws Exception {
    if (next == Next.OTHER) {
      decodeOther(context, in, out);
      return;
    }
    boolean wellFormed = readChunks(context, in);
    ByteBuf whole = piece;
    if (whole != null) {
      piece = null;
      out.add(new DefaultHttpContent(whole));
    }
    if (!wellFormed) {
      out.add(malformed());
    } else if (next == Next.OTHER && whole == null) {
      decodeOther(context, in, out);
    }
  }

  private void decodeOther(ChannelHandlerContext context, ByteBuf in, List<Object> out)
      throws Exception {
    int before = out.size();
    super.decode(context, in, out);
    if (out.size() == before + 1
        && out.get(before) instanceof HttpResponse head
        && head.decoderResult().isSuccess()
        && !(head instanceof LastHttpContent)
        && HttpUtil.isTransferEncodingChunked(head)) {
      next = Next.SIZE;
    }
  }

  /** Reads chunks as far as they are there; returns false when they are none. */
  private boolean readChunks(ChannelHandlerContext context, ByteBuf in) {
    while (true) {
      switch (next) {
        case SIZE -> {
          if (!readSize(in)) {
            return true;
          }
        }
        case DATA -> {
          int bytes = Math.min(left, in.readableBytes());
          if (bytes == 0) {
            return true;
          }
          take(context, in, bytes);
          left -= bytes;
          next = left == 0 ? Next.DELIMITER : Next.DATA;
        }
        case DELIMITER -> {
          if (in.readableBytes() < LINE_END_BYTES) {
            return true;
          }
          if (in.readByte() != CR || in.readByte() != LF) {
            next = Next.OTHER;
            return false;
          }
          next = Next.SIZE;
        }
        case OTHER -> {
          return true;
        }
      }
    }
  }

  /** Reads the line with a chunk's size; returns false when it is not all there. */
  private boolean readSize(ByteBuf in) {
    int begin = in.readerIndex();
    int end = Math.min(in.writerIndex(), begin + MAX_DIGITS + 1);
    @Var int size = 0;
    for (int i = begin; i < end; i++) {
      byte one = in.getByte(i);
      int digit = Character.digit(one, 16);
      if (digit >= 0 && i < begin + MAX_DIGITS) {
        size = (size << 4) + digit;
      } else if (one == CR && size > 0) {
        return endSize(in, i, size);
      } else {
        next = Next.OTHER;
        return true;
      }
    }
    return false;
  }

  private boolean endSize(ByteBuf in, int lineEnd, int size) {
    if (in.writerIndex() - lineEnd < LINE_END_BYTES) {
      return false;
    }
    if (in.getByte(lineEnd + 1) == LF) {
      in.readerIndex(lineEnd + LINE_END_BYTES);
      left = size;
      next = Next.DATA;
    } else {
      next = Next.OTHER;
    }
    return true;
  }

  /** Adds data to the piece; it is copied only where it joins other data. */
  private void take(ChannelHandlerContext context, ByteBuf in, int bytes) {
    ByteBuf before = piece;
    if (before == null) {
      piece = in.readRetainedSlice(bytes);
      joined = false;
    } else if (joined) {
      before.writeBytes(in, bytes);
    } else {
      ByteBuf both = context.alloc().buffer(before.readableBytes() + in.readableBytes());
      both.writeBytes(before).writeBytes(in, bytes);
      before.release();
      piece = both;
      joined = true;
    }
  }

  private static LastHttpContent malformed() {
    LastHttpContent end = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER);
    end.setDecoderResult(
        DecoderResult.failure(new IllegalArgumentException("no line end behind a chunk")));
    return end;
  }
}
