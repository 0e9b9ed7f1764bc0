package io.warmpath.simulator.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.simulator.trace.TraceRequest;
import io.warmpath.testkit.SeededCases;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class StepHashesTest {

  @Test
  void largeBlocks_giveSeveralDistinctSteps() {
    assertThat(steps(1000, 512, 7, 8)).hasSize(7).doesNotHaveDuplicates();
  }

  @Test
  void partialLastBlock_givesStepsOnlyWithinTheFamily() {
    assertThat(steps(1000, 512, 7, 8)).hasSize(7);
    assertThat(steps(2000, 512, 7, 8, 9, 10)).hasSize(12);
    assertThat(steps(2048, 512, 7, 8, 9, 10)).hasSize(16);
  }

  @Test
  void smallBlocks_chainEightIdsAStep() {
    long[] ids = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    long[] steps = steps(256, 16, ids);
    ids[15] = 99;
    long[] other = steps(256, 16, ids);
    assertThat(steps).hasSize(2);
    assertThat(other[0]).isEqualTo(steps[0]);
    assertThat(other[1]).isNotEqualTo(steps[1]);
  }

  /** Shared steps are those whose tokens all lie in the shared leading blocks. */
  @Test
  void randomPrompts_shareTheStepsOfTheirSharedBlocks() {
    SeededCases.run(300, StepHashesTest::compareShared);
  }

  private static void compareShared(SplittableRandom random) {
    int blockTokens = new int[] {16, 48, 100, 128, 512, 1024}[random.nextInt(6)];
    int promptTokens = 1 + random.nextInt(5000);
    int blocks = Math.ceilDiv(promptTokens, blockTokens);
    int shared = random.nextInt(blocks + 1);
    long[] first = random.longs(blocks, 0, 1000).toArray();
    long[] second = first.clone();
    for (int i = shared; i < blocks; i++) {
      second[i] = 1000L + i;
    }
    long[] firstSteps = steps(promptTokens, blockTokens, first);
    long[] secondSteps = steps(promptTokens, blockTokens, second);
    int sharedSteps = Math.min(firstSteps.length, shared * blockTokens / 128);
    for (int i = 0; i < firstSteps.length; i++) {
      assertThat(firstSteps[i] == secondSteps[i]).isEqualTo(i < sharedSteps);
    }
  }

  private static long[] steps(int promptTokens, int blockTokens, long... ids) {
    TraceRequest request = TestTraces.request(0, promptTokens, 1, ids);
    return StepHashes.of(request, blockTokens, 128, 8);
  }
}
