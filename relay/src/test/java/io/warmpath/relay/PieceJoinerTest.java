package io.warmpath.relay;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class PieceJoinerTest {

  private final PieceJoiner joiner = new PieceJoiner();

  private ByteBuf add(String text) {
    ByteBuf piece = Unpooled.copiedBuffer(text, US_ASCII);
    joiner.add(piece, UnpooledByteBufAllocator.DEFAULT);
    return piece;
  }

  private String taken() {
    ByteBuf all = Objects.requireNonNull(joiner.take());
    String text = all.toString(US_ASCII);
    all.release();
    return text;
  }

  @Test
  void take_ofNothing_isNull() {
    assertThat(joiner.take()).isNull();
  }

  @Test
  void take_ofOnePiece_isThePieceItself() {
    ByteBuf piece = add("warm");

    ByteBuf all = Objects.requireNonNull(joiner.take());

    assertThat(all).isSameAs(piece);
    assertThat(piece.refCnt()).isEqualTo(2);
  }

  @Test
  void take_ofSeveral_isAllOfThemInOrder() {
    List<ByteBuf> pieces = new ArrayList<>();
    pieces.add(add("warm"));
    pieces.add(add("path "));
    pieces.add(add("x".repeat(10_000)));

    assertThat(taken()).isEqualTo("warmpath " + "x".repeat(10_000));

    assertThat(pieces).allMatch(piece -> piece.refCnt() == 1 && piece.readerIndex() == 0);
    assertThat(joiner.take()).isNull();
  }

  @Test
  void fits_endsAtTheLimit() {
    add("x".repeat(PieceJoiner.MAX_BYTES - 1));

    assertThat(joiner.fits(Unpooled.copiedBuffer("x", US_ASCII))).isTrue();
    assertThat(joiner.fits(Unpooled.copiedBuffer("xx", US_ASCII))).isFalse();
  }

  @Test
  void release_dropsAll() {
    ByteBuf piece = add("warm");

    joiner.release();

    assertThat(piece.refCnt()).isEqualTo(1);
    assertThat(joiner.take()).isNull();
  }
}
