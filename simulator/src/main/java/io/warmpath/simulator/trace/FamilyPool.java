package io.warmpath.simulator.trace;

import com.google.errorprone.annotations.Var;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Families of prompts that begin with the same blocks, drawn by Zipf's law: family {@code i} has a
 * weight of {@code 1 / (i + 1)^exponent}. One more family can have a share of its own.
 */
final class FamilyPool {

  private final long[][] sharedBlocks;
  private final long[] whaleBlocks;
  private final double[] cumulative;
  private final double whaleShare;

  /**
   * Draws the families.
   *
   * @param shape how many they are and how they differ
   * @param blockTokens tokens a block
   * @param ids gives the shared blocks their ids
   */
  FamilyPool(Shape shape, int blockTokens, BlockIds ids, RandomGenerator random) {
    sharedBlocks = new long[shape.count][];
    whaleBlocks = ids.next(shape.sharedTokens.drawInt(random) / blockTokens);
    cumulative = new double[shape.count];
    whaleShare = shape.whaleShare;
    @Var double sum = 0;
    for (int i = 0; i < shape.count; i++) {
      sharedBlocks[i] = ids.next(shape.sharedTokens.drawInt(random) / blockTokens);
      sum += 1 / Math.pow(i + 1, shape.exponent);
      cumulative[i] = sum;
    }
  }

  /**
   * What the families are like.
   *
   * @param count how many, at least 1
   * @param exponent Zipf's, 0 for all alike
   * @param sharedTokens length of a family's shared beginning
   * @param whaleShare share of the sessions of one more family, 0..1
   */
  record Shape(int count, double exponent, LogNormal sharedTokens, double whaleShare) {}

  /** Returns the shared blocks of a drawn family; not to be changed. */
  long[] draw(RandomGenerator random) {
    if (random.nextDouble() < whaleShare) {
      return whaleBlocks;
    }
    double at = random.nextDouble() * cumulative[cumulative.length - 1];
    int found = Arrays.binarySearch(cumulative, at);
    return sharedBlocks[found >= 0 ? found : -found - 1];
  }

  /** Gives ids that were never given before. */
  static final class BlockIds {

    private @Var long next;

    long next() {
      return next++;
    }

    long[] next(int count) {
      long[] ids = new long[count];
      Arrays.setAll(ids, i -> next());
      return ids;
    }
  }
}
