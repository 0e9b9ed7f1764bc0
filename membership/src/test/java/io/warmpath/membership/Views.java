package io.warmpath.membership;

import io.warmpath.routing.FleetView;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.testkit.Await;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** A directory's listener that keeps every view and watches how it is called. */
class Views implements Consumer<FleetView> {

  static final Duration LIMIT = Duration.ofSeconds(30);

  final ConcurrentLinkedQueue<FleetView> all = new ConcurrentLinkedQueue<>();
  final Set<Thread> threads = new HashSet<>();
  final AtomicInteger running = new AtomicInteger();
  final AtomicInteger overlaps = new AtomicInteger();
  private volatile FleetView last = FleetView.EMPTY;

  @Override
  public void accept(FleetView view) {
    if (running.incrementAndGet() > 1) {
      overlaps.incrementAndGet();
    }
    synchronized (threads) {
      threads.add(Thread.currentThread());
    }
    all.add(view);
    last = view;
    running.decrementAndGet();
  }

  FleetView await(String what, Predicate<FleetView> condition) {
    Await.until(what, LIMIT, () -> !all.isEmpty() && condition.test(last));
    return last;
  }

  FleetView awaitIds(String... ids) {
    return await("view of " + Set.of(ids), view -> ids(view).equals(Set.of(ids)));
  }

  static Set<String> ids(FleetView view) {
    return view.replicas().stream().map(r -> r.report().id()).collect(Collectors.toSet());
  }

  static ReplicaReport report(FleetView view, String id) {
    return view.replicas().stream()
        .map(FleetView.Observed::report)
        .filter(report -> report.id().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
