package io.warmpath.routing;

import com.google.errorprone.annotations.Var;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** A fleet whose reports a test writes; each {@link #publish} is one view of it. */
public final class TestFleet {

  /** 20,000 tokens a second and 5 ms. */
  public static final PrefillSpeed SPEED = new PrefillSpeed(20_000, 0.005);

  private static final PromptPrefixes PREFIXES = new PromptPrefixes(PlacementConfig.Prefix.DEFAULT);
  private static final PromptPrefixes.Scope SCOPE = PromptPrefixes.Scope.of("model");

  private final ManualTicker ticker;
  private final Map<String, ReplicaReport> reports = new TreeMap<>();

  /** {@code count} idle, ready replicas, named r00, r01 …. */
  public TestFleet(int count, ManualTicker ticker) {
    this.ticker = ticker;
    for (int i = 0; i < count; i++) {
      add(id(i));
    }
  }

  /** The id of replica {@code i}. */
  public static String id(int i) {
    return "r%02d".formatted(i);
  }

  /** Adds an idle, ready replica. */
  public void add(String id) {
    ReplicaReport.ServedModel model = new ReplicaReport.ServedModel("model", 0, List.of());
    reports.put(
        id,
        new ReplicaReport(
            new ReplicaReport.Identity(id, id + ":1", List.of(model), Map.of(), 1),
            1,
            1,
            ReplicaReport.State.READY,
            3600,
            ReplicaReport.Load.IDLE,
            new ReplicaReport.Cache(0, 400_000, 16, 0, Double.POSITIVE_INFINITY),
            SPEED,
            List.of(),
            RecentAnchors.NONE,
            new ReplicaReport.Totals(0, 0, 0)));
  }

  /** Takes a replica away. */
  public void remove(String id) {
    reports.remove(id);
  }

  /** Ids of all replicas. */
  public List<String> ids() {
    return List.copyOf(reports.keySet());
  }

  /** Changes a replica's report and makes it a new one. */
  public void change(String id, UnaryOperator<Draft> change) {
    ReplicaReport before = reports.get(id);
    if (before == null) {
      throw new IllegalArgumentException(id);
    }
    Draft draft = change.apply(new Draft(before));
    reports.put(id, draft.build(before.sequence() + 1));
  }

  /** Sets a replica's pending work. */
  public void setPending(String id, double seconds) {
    change(id, draft -> draft.load(new ReplicaReport.Load(0, seconds, 0, 0, 0)));
  }

  /** Sets a replica's state. */
  public void setState(String id, ReplicaReport.State state) {
    change(id, draft -> draft.state(state));
  }

  /** Gives {@code placement} a view in which all reports have just arrived. */
  public void publish(Placement placement) {
    publish(placement, 1, 0);
  }

  /** The same, as router {@code index} of {@code count}. */
  public void publish(Placement placement, int count, int index) {
    List<FleetView.Observed> observed = new ArrayList<>();
    reports.values().forEach(each -> observed.add(new FleetView.Observed(each, ticker.nanos())));
    placement.update(new FleetView(observed, count, index));
  }

  /** Gives {@code placement} a view whose reports arrived {@code ageSeconds} ago. */
  public void publishOld(Placement placement, double ageSeconds) {
    long receivedNanos = ticker.nanos() - Math.round(ageSeconds * 1e9);
    List<FleetView.Observed> observed = new ArrayList<>();
    reports.values().forEach(each -> observed.add(new FleetView.Observed(each, receivedNanos)));
    placement.update(new FleetView(observed, 1, 0));
  }

  /** A prompt of {@code tokens} tokens that shares all of its beginning with others of its seed. */
  public static PromptPrefix prompt(int seed, int tokens) {
    return PREFIXES.ofTokens(SCOPE, tokens(seed, tokens), tokens);
  }

  /** A prompt whose first {@code sharedTokens} are those of {@code seed}, the rest its own. */
  public static PromptPrefix prompt(int seed, int sharedTokens, int ownSeed, int tokens) {
    int[] ids = tokens(seed, tokens);
    int[] own = tokens(ownSeed, tokens);
    System.arraycopy(own, sharedTokens, ids, sharedTokens, tokens - sharedTokens);
    return PREFIXES.ofTokens(SCOPE, ids, tokens);
  }

  private static int[] tokens(int seed, int count) {
    int[] tokens = new int[count];
    @Var int state = seed * 31 + 7;
    for (int i = 0; i < count; i++) {
      state = state * 1_664_525 + 1_013_904_223;
      tokens[i] = state >>> 8;
    }
    return tokens;
  }

  /** The parts of a report that tests change. */
  public static final class Draft {
    private final ReplicaReport before;
    private long epoch;
    private ReplicaReport.State state;
    private double readySeconds;
    private ReplicaReport.Load load;
    private ReplicaReport.Cache cache;
    private PrefillSpeed speed;
    private List<ReplicaReport.FamilyShare> families;
    private RecentAnchors anchors;
    private Map<String, String> labels;

    Draft(ReplicaReport before) {
      this.before = before;
      this.epoch = before.epoch();
      this.state = before.state();
      this.readySeconds = before.readySeconds();
      this.load = before.load();
      this.cache = before.cache();
      this.speed = before.prefill();
      this.families = before.families();
      this.anchors = RecentAnchors.NONE;
      this.labels = before.identity().labels();
    }

    /** Sets the labels. */
    public Draft labels(Map<String, String> value) {
      labels = value;
      return this;
    }

    /** Sets the epoch. */
    public Draft epoch(long value) {
      epoch = value;
      return this;
    }

    /** Sets the state. */
    public Draft state(ReplicaReport.State value) {
      state = value;
      return this;
    }

    /** Sets how long it has been ready. */
    public Draft readySeconds(double value) {
      readySeconds = value;
      return this;
    }

    /** Sets the load. */
    public Draft load(ReplicaReport.Load value) {
      load = value;
      return this;
    }

    /** Sets the eviction age. */
    public Draft evictionAgeSeconds(double value) {
      cache =
          new ReplicaReport.Cache(
              cache.usedTokens(),
              cache.capacityTokens(),
              cache.blockSizeTokens(),
              cache.workingSetTokens(),
              value);
      return this;
    }

    /** Sets the prefill speed. */
    public Draft speed(PrefillSpeed value) {
      speed = value;
      return this;
    }

    /** Sets the families. */
    public Draft families(ReplicaReport.FamilyShare... values) {
      families = List.of(values);
      return this;
    }

    /** Sets the anchors, of this report only. */
    public Draft anchors(RecentAnchors value) {
      anchors = value;
      return this;
    }

    ReplicaReport build(long sequence) {
      ReplicaReport.Identity own = before.identity();
      return new ReplicaReport(
          new ReplicaReport.Identity(own.id(), own.address(), own.models(), labels, own.weight()),
          epoch,
          sequence,
          state,
          readySeconds,
          load,
          cache,
          speed,
          families,
          anchors,
          before.totals());
    }
  }
}
