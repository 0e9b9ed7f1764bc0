package io.warmpath.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.warmpath.routing.PickRequest.Constraints;
import io.warmpath.routing.PickRequest.Sort;
import io.warmpath.testkit.SeededCases;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every policy's picker must do. */
final class PickerContractTest {

  private final ManualTicker ticker = new ManualTicker(-5_000_000_000L);

  private Placement placement(Policy policy) {
    return Placements.create(policy, PlacementConfig.DEFAULT, ticker, 1, (id, prefix) -> 0);
  }

  private Placement placement(Policy policy, TestFleet fleet) {
    Placement placement = placement(policy);
    fleet.publish(placement);
    return placement;
  }

  private static Lease lease(PickResult result) {
    assertThat(result).isInstanceOf(PickResult.Assigned.class);
    return ((PickResult.Assigned) result).lease();
  }

  private static PickResult.Rejected.Reason rejection(PickResult result) {
    assertThat(result).isInstanceOf(PickResult.Rejected.class);
    return ((PickResult.Rejected) result).reason();
  }

  private static PickRequest constrained(
      List<String> only, List<String> ignore, List<String> order, boolean allowFallbacks) {
    Constraints constraints = new Constraints(only, ignore, order, allowFallbacks);
    return new PickRequest(TestFleet.prompt(1, 3000), 0, constraints, List.of(), 1);
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_noReplica_rejectsAsNotReady(Policy policy) {
    PickRequest request = PickRequest.of(TestFleet.prompt(1, 3000));
    assertThat(rejection(placement(policy).picker().pick(request)))
        .isEqualTo(PickResult.Rejected.Reason.NO_READY_REPLICA);
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_replicasDrainingStartingAndDown_rejectsAsNotReady(Policy policy) {
    TestFleet fleet = new TestFleet(3, ticker);
    fleet.setState("r00", ReplicaReport.State.DRAINING);
    fleet.setState("r01", ReplicaReport.State.STARTING);
    fleet.setState("r02", ReplicaReport.State.DOWN);
    PickRequest request = PickRequest.of(TestFleet.prompt(1, 3000));
    assertThat(rejection(placement(policy, fleet).picker().pick(request)))
        .isEqualTo(PickResult.Rejected.Reason.NO_READY_REPLICA);
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_promptWithoutFamily_isAssigned(Policy policy) {
    Placement placement = placement(policy, new TestFleet(3, ticker));
    for (int tokens : new int[] {0, 1, 127}) {
      lease(placement.picker().pick(PickRequest.of(TestFleet.prompt(1, tokens))));
    }
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_onlyOneReady_choosesIt(Policy policy) {
    TestFleet fleet = new TestFleet(3, ticker);
    fleet.setState("r00", ReplicaReport.State.DRAINING);
    fleet.setState("r02", ReplicaReport.State.DOWN);
    Placement placement = placement(policy, fleet);
    SeededCases.run(
        50,
        random -> {
          Lease lease = lease(placement.picker().pick(randomRequest(random)));
          assertThat(lease.replica().id()).isEqualTo("r01");
          lease.close(new Lease.Outcome.Cancelled());
        });
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_saturatedReplicas_areAvoidedAndAllSaturatedIsOverload(Policy policy) {
    TestFleet fleet = new TestFleet(2, ticker);
    ReplicaReport.Load saturated = new ReplicaReport.Load(0, 0, 0, 0, 1);
    fleet.change("r00", draft -> draft.load(saturated));
    Placement placement = placement(policy, fleet);
    PickRequest request = PickRequest.of(TestFleet.prompt(1, 3000));
    assertThat(lease(placement.picker().pick(request)).replica().id()).isEqualTo("r01");

    fleet.change("r01", draft -> draft.load(saturated));
    fleet.publish(placement);
    assertThat(rejection(placement.picker().pick(request)))
        .isEqualTo(PickResult.Rejected.Reason.OVERLOADED);
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_constraints_areHonoured(Policy policy) {
    Placement placement = placement(policy, new TestFleet(6, ticker));
    SeededCases.run(
        200,
        random -> {
          List<String> only = randomIds(random, 3);
          List<String> ignore = randomIds(random, 2);
          List<String> order = randomIds(random, 2);
          boolean fallbacks = random.nextBoolean();
          Set<String> allowed = new HashSet<>(new TestFleet(6, ticker).ids());
          if (!only.isEmpty()) {
            allowed.retainAll(only);
          }
          if (!order.isEmpty() && !fallbacks) {
            allowed.retainAll(order);
          }
          ignore.forEach(allowed::remove);
          PickResult result = placement.picker().pick(constrained(only, ignore, order, fallbacks));
          if (allowed.isEmpty()) {
            assertThat(rejection(result))
                .isEqualTo(PickResult.Rejected.Reason.CONSTRAINTS_UNSATISFIABLE);
            return;
          }
          Lease lease = lease(result);
          assertThat(allowed).contains(lease.replica().id());
          order.stream()
              .filter(allowed::contains)
              .findFirst()
              .ifPresent(first -> assertThat(lease.replica().id()).isEqualTo(first));
          lease.close(new Lease.Outcome.Cancelled());
        });
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_namedReplicas_saysExplicit(Policy policy) {
    Placement placement = placement(policy, new TestFleet(4, ticker));
    Lease only =
        lease(placement.picker().pick(constrained(List.of("r02"), List.of(), List.of(), true)));
    assertThat(only.reason()).isEqualTo(PickReason.EXPLICIT);
    Lease ordered =
        lease(placement.picker().pick(constrained(List.of(), List.of(), List.of("r03"), true)));
    assertThat(ordered.replica().id()).isEqualTo("r03");
    assertThat(ordered.reason()).isEqualTo(PickReason.EXPLICIT);
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_sorted_takesTheBestByThat(Policy policy) {
    TestFleet fleet = new TestFleet(3, ticker);
    fleet.change("r00", draft -> draft.speed(new PrefillSpeed(1_000, 0)));
    fleet.setPending("r01", 1);
    fleet.setPending("r02", 2);
    Placement placement = placement(policy, fleet);
    for (Sort sort : Sort.values()) {
      Constraints constraints = new Constraints(List.of(), List.of(), List.of(), true, sort);
      PickRequest request =
          new PickRequest(TestFleet.prompt(1, 3000), 5, constraints, List.of(), 1);
      Lease lease = lease(placement.picker().pick(request));
      assertThat(lease.replica().id()).isEqualTo(sort == Sort.LATENCY ? "r01" : "r00");
      assertThat(lease.reason()).isEqualTo(PickReason.EXPLICIT);
      lease.close(new Lease.Outcome.Cancelled());
      assertThat(placement.picker().explain(request).sort()).isEqualTo(sort);
    }
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_excludedReplicas_areNotTakenAgain(Policy policy) {
    Placement placement = placement(policy, new TestFleet(4, ticker));
    PickRequest first = PickRequest.of(TestFleet.prompt(1, 3000));
    Set<String> seen = new HashSet<>();
    PickRequest[] request = {first};
    for (int i = 0; i < 4; i++) {
      Lease lease = lease(placement.picker().pick(request[0]));
      assertThat(seen.add(lease.replica().id())).isTrue();
      lease.close(new Lease.Outcome.Cancelled());
      request[0] = request[0].retryWithout(lease.replica().id());
    }
    assertThat(rejection(placement.picker().pick(request[0])))
        .isEqualTo(PickResult.Rejected.Reason.EXHAUSTED);
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void explain_anyRequest_decidesAsPickDoesAndChangesNothing(Policy policy) {
    TestFleet fleet = new TestFleet(8, ticker);
    Placement placement = placement(policy, fleet);
    List<Lease> open = new ArrayList<>();
    SeededCases.run(
        300,
        random -> {
          PickRequest request = randomRequest(random);
          Decision first = placement.picker().explain(request);
          Decision second = placement.picker().explain(request);
          assertThat(second).isEqualTo(first);
          PickResult result = placement.picker().pick(request);
          if (first.chosen() == null) {
            assertThat(rejection(result)).isEqualTo(first.refusal());
          } else {
            Lease lease = lease(result);
            assertThat(lease.replica().id()).isEqualTo(first.chosen());
            assertThat(lease.reason()).isEqualTo(first.reason());
            assertThat(lease.pendingWorkLimitSeconds()).isEqualTo(first.pendingWorkLimitSeconds());
            open.add(lease);
          }
          if (random.nextInt(4) == 0 && !open.isEmpty()) {
            finish(open.removeFirst(), random);
          }
          ticker.advanceSeconds(random.nextDouble() * 0.1);
        });
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_equalHistories_decideEqually(Policy policy) {
    assertThat(history(policy)).isEqualTo(history(policy));
  }

  private List<String> history(Policy policy) {
    ManualTicker own = new ManualTicker(0);
    TestFleet fleet = new TestFleet(8, own);
    Placement placement =
        Placements.create(policy, PlacementConfig.DEFAULT, own, 7, (id, prefix) -> 0);
    List<String> chosen = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 500; i++) {
      if (i % 20 == 0) {
        fleet.setPending(TestFleet.id(random.nextInt(8)), random.nextDouble());
        fleet.publish(placement);
      }
      if (placement.picker().pick(randomRequest(random)) instanceof PickResult.Assigned(Lease it)) {
        chosen.add(it.replica().id());
        finish(it, random);
      }
      own.advanceSeconds(0.05);
    }
    return chosen;
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void lease_anyOutcome_leavesNothingInFlight(Policy policy) {
    Placement placement = placement(policy, new TestFleet(4, ticker));
    SeededCases.run(
        200,
        random -> {
          Lease lease = lease(placement.picker().pick(randomRequest(random)));
          finish(lease, random);
          finish(lease, random);
          lease.close(new Lease.Outcome.Cancelled());
          ticker.advanceSeconds(10);
        });
    assertThat(placement.counters().inFlight()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void pick_manyThreadsAndUpdates_leaksNothing(Policy policy) throws Exception {
    TestFleet fleet = new TestFleet(6, ticker);
    Placement placement = placement(policy, fleet);
    int threads = 4;
    CyclicBarrier start = new CyclicBarrier(threads + 1);
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> done = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        SplittableRandom random = new SplittableRandom(thread);
        done.add(
            pool.submit(() -> {
              start.await();
              for (int i = 0; i < 2000; i++) {
                if (placement.picker().pick(randomRequest(random))
                    instanceof PickResult.Assigned(Lease it)) {
                  finish(it, random);
                }
              }
              return null;
            }));
      }
      start.await();
      for (int i = 0; i < 200; i++) {
        fleet.setPending(TestFleet.id(i % 5), i % 3);
        if (i % 50 == 10) {
          fleet.remove("r05");
        } else if (i % 50 == 40) {
          fleet.add("r05");
        }
        fleet.publish(placement);
      }
      for (Future<?> each : done) {
        each.get();
      }
    }
    assertThat(placement.counters().inFlight()).isZero();
  }

  private static PickRequest randomRequest(SplittableRandom random) {
    PromptPrefix prefix = TestFleet.prompt(random.nextInt(20), random.nextInt(5000));
    return new PickRequest(prefix, random.nextInt(3), null, List.of(), 1 + random.nextInt(3));
  }

  private static List<String> randomIds(SplittableRandom random, int most) {
    return random.ints(random.nextInt(most + 1), 0, 6).mapToObj(TestFleet::id).distinct().toList();
  }

  private static void finish(Lease lease, SplittableRandom random) {
    if (random.nextBoolean()) {
      lease.accepted(random.nextDouble());
    }
    if (random.nextBoolean()) {
      lease.firstToken();
    }
    lease.close(
        switch (random.nextInt(8)) {
          case 0 -> new Lease.Outcome.Refused(random.nextDouble());
          case 1 -> new Lease.Outcome.Cancelled();
          case 2 -> new Lease.Outcome.Failed();
          default -> new Lease.Outcome.Completed(3000, random.nextInt(3000), 10);
        });
  }
}
