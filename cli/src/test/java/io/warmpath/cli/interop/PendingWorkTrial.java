package io.warmpath.cli.interop;

import com.google.errorprone.annotations.Var;
import io.warmpath.v1.Affinity;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.Placement;
import io.warmpath.v1.SamplingParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * How well agents foretell when their engines will have computed what they took: conversations in
 * text that grow turn by turn, and bursts of them.
 */
final class PendingWorkTrial {

  private static final int CONVERSATIONS = 60;
  private static final int CLIENTS = 4;
  private static final int MAX_CHARACTERS = 4_000;
  private static final int MIN_TURN_CHARACTERS = 200;
  private static final int MAX_TURN_CHARACTERS = 1_000;
  private static final double NANOS_PER_SECOND = 1e9;

  private final InteropCluster cluster;
  private final Prompts prompts;
  private final SplittableRandom random = new SplittableRandom(20261121);
  private final String[] conversations = new String[CONVERSATIONS];
  private int turns;

  PendingWorkTrial(InteropCluster cluster, Prompts prompts) {
    this.cluster = cluster;
    this.prompts = prompts;
    Arrays.fill(conversations, "");
  }

  /**
   * One answer.
   *
   * @param placement what the agent said when it took the request
   * @param takenNanos when it said so
   * @param firstNanos when the first token came
   */
  private record Answer(Placement placement, long takenNanos, long firstNanos) {}

  /** Sends so many turns, a few at a time, for the agents to learn from. */
  void learn(int requests) throws InterruptedException, ExecutionException {
    try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<Answer>> answers = new ArrayList<>();
      for (int i = 0; i < requests; i++) {
        GenerateRequest next = next();
        answers.add(clients.submit(() -> send(next)));
        if (answers.size() == CLIENTS) {
          answers.removeFirst().get(); // So that a turn finds the one before it in the cache.
        }
      }
      for (Future<Answer> answer : answers) {
        answer.get();
      }
    }
  }

  /**
   * Sends so many turns at once. Returns for each replica what it said of the work ahead of the
   * last request that it took, over what that work then took.
   */
  List<Double> burst(int requests) throws InterruptedException, ExecutionException {
    List<Answer> answers = new ArrayList<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Answer>> sent = new ArrayList<>();
      for (int i = 0; i < requests; i++) {
        GenerateRequest next = next();
        sent.add(clients.submit(() -> send(next)));
      }
      for (Future<Answer> answer : sent) {
        answers.add(answer.get());
      }
    }
    Map<String, List<Answer>> byReplica = new HashMap<>();
    for (Answer answer : answers) {
      byReplica
          .computeIfAbsent(answer.placement().getReplicaId(), any -> new ArrayList<>())
          .add(answer);
    }
    List<Double> ratios = new ArrayList<>();
    for (List<Answer> its : byReplica.values()) {
      if (its.size() >= requests / 3) {
        its.sort(Comparator.comparingLong(Answer::takenNanos));
        Answer last = its.removeLast();
        long doneNanos = its.stream().mapToLong(Answer::firstNanos).max().orElseThrow();
        double took = (doneNanos - last.takenNanos()) / NANOS_PER_SECOND;
        ratios.add(last.placement().getPendingWorkSeconds() / took);
      }
    }
    return ratios;
  }

  private GenerateRequest next() {
    int index = turns++ % CONVERSATIONS;
    int more = random.nextInt(MIN_TURN_CHARACTERS, MAX_TURN_CHARACTERS);
    String before = conversations[index];
    conversations[index] =
        (before.length() + more > MAX_CHARACTERS ? "" : before) + prompts.text(more);
    return GenerateRequest.newBuilder()
        .setModel(TestEngine.MODEL)
        .setText(conversations[index])
        .setAffinity(Affinity.newBuilder().setSessionId("conversation-" + index))
        .setSampling(SamplingParams.newBuilder().setMaxTokens(1).setIgnoreEos(true))
        .build();
  }

  private Answer send(GenerateRequest request) {
    @Var Placement placement = Placement.getDefaultInstance();
    @Var long takenNanos = 0;
    @Var long firstNanos = 0;
    for (var answers = cluster.grpc().generate(request); answers.hasNext(); ) {
      GenerateResponse next = answers.next();
      if (next.hasPlacement()) {
        placement = next.getPlacement();
        takenNanos = System.nanoTime();
      } else if (firstNanos == 0) {
        firstNanos = System.nanoTime();
      }
    }
    return new Answer(placement, takenNanos, firstNanos);
  }
}
