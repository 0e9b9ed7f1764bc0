package io.warmpath.router;

import com.google.errorprone.annotations.Var;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.router.HomeSearches.Result;
import io.warmpath.routing.ReplicaReport;
import io.warmpath.v1.PlacementReason;
import io.warmpath.v1.ReplicaGenerateRequest;
import io.warmpath.v1.ReplicaGenerateResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks for the replica that has a response which another router saw being made, or this one before
 * its restart: asks all of them to show it, a few at a time, until one does. Lives on one event
 * loop.
 */
final class HomeSearch {

  /*
   * Answers are waited for no longer than the whole search, and nothing is sent twice: a replica
   * that fails or does not answer just does not know. Questions whose answers do not matter any
   * more are left to come to their end, since giving them up would cost agents their connections to
   * engines; the end of the time allowed gives up whatever is left.
   */
  static final long LIMIT_MILLIS = 2_000;
  static final int MAX_ASKED = 256;
  static final int MAX_AT_ONCE = 8;

  /** Of an answer that shows a response this much is read, so that the agent can end it. */
  private static final int MAX_BODY_BYTES = 64 << 10;

  private final RequestPath path;
  private final RelayLoop loop;
  private final HttpRequest client;
  private final String requestId;
  private final Wanted wanted;
  private final Consumer<ResponseHomes.@Nullable Home> whenEnded;
  private final RoutingTable table;
  private final List<ReplicaReport> replicas;
  private final int first;
  private final Set<Question> open = new HashSet<>();
  private @Nullable Future<?> limit;
  private int asked;
  private boolean asking;
  private boolean allSaidNo = true;
  private boolean running;

  /**
   * What is looked for.
   *
   * @param id the response's
   * @param model base name of the model that must have made it, empty for any
   * @param unable ids of replicas that cannot serve who looks for it
   */
  record Wanted(String id, String model, @Var List<String> unable) {
    Wanted {
      unable = List.copyOf(unable);
    }
  }

  /**
   * A search that nobody was asked in yet.
   *
   * @param client what the client asks for, whose headers go along
   * @param whenEnded told of the replica, or of null when it was not found; never after {@link
   *     #cancel}
   */
  HomeSearch(
      RequestPath path,
      RelayLoop loop,
      HttpRequest client,
      String requestId,
      Wanted wanted,
      Consumer<ResponseHomes.@Nullable Home> whenEnded) {
    this.path = path;
    this.loop = loop;
    this.client = client;
    this.requestId = requestId;
    this.wanted = wanted;
    this.whenEnded = whenEnded;
    this.table = path.table().get();
    this.replicas = table.relaying(wanted.model, wanted.unable);
    this.first = replicas.isEmpty() ? 0 : Math.floorMod(wanted.id.hashCode(), replicas.size());
  }

  /** Asks the first replicas, unless there must be no search now: then it returns false. */
  boolean start(EventExecutor executor) {
    boolean choice = replicas.size() > 1; // A single one is asked for what the client wants.
    if (!choice || !path.searches().begin(wanted.id, path.ticker().nanos())) {
      return false;
    }
    running = true;
    limit = executor.schedule(this::timeUp, LIMIT_MILLIS, TimeUnit.MILLISECONDS);
    askMore();
    return true;
  }

  /** Nobody wants to know any more. */
  void cancel() {
    end(Result.CANCELLED, null);
  }

  private void timeUp() {
    end(Result.UNCLEAR, null);
    Set.copyOf(open).forEach(Question::giveUp);
  }

  private void askMore() {
    if (asking) {
      return; // A question failed at once, within the loop below.
    }
    asking = true;
    int most = Math.min(replicas.size(), MAX_ASKED);
    while (running && asked < most && open.size() < MAX_AT_ONCE) {
      Question question = new Question(replicas.get((first + asked) % replicas.size()));
      asked++;
      path.searches().asks();
      question.ask();
    }
    asking = false;
    if (open.isEmpty()) {
      end(allSaidNo && asked == replicas.size() ? Result.NOWHERE : Result.UNCLEAR, null);
      stopWaiting();
    }
  }

  private void stopWaiting() {
    if (limit != null) {
      limit.cancel(false);
      limit = null;
    }
  }

  private void end(Result result, ResponseHomes.@Nullable Home home) {
    if (!running) {
      return;
    }
    running = false;
    path.searches().ended(wanted.id, result, path.ticker().nanos());
    if (home != null) {
      path.responses().remember(wanted.id, home);
    }
    if (result != Result.CANCELLED) {
      whenEnded.accept(home);
    }
  }

  private ResponseHomes.Home homeAt(ReplicaReport replica) {
    return new ResponseHomes.Home(table.relayedModel(replica, wanted.model), replica.id());
  }

  /** One replica, asked. */
  private final class Question implements AgentHttp.Listener {

    private final ReplicaReport replica;
    private AgentHttp.@Nullable Exchange upstream;
    private boolean saidNo;
    private int bodyBytes;

    Question(ReplicaReport replica) {
      this.replica = replica;
    }

    void ask() {
      open.add(this);
      String relay = replica.identity().labels().getOrDefault(RelayProtocol.ADDRESS_LABEL, "");
      upstream = loop.http().send(relay, request(), this);
    }

    private FullHttpRequest request() {
      byte[] envelope =
          ReplicaGenerateRequest.newBuilder()
              .setReplicaId(replica.id())
              .setReason(PlacementReason.PLACEMENT_REASON_EXPLICIT)
              .setRequest(
                  Wire.identified(requestId).toBuilder().setPriority(Integer.MIN_VALUE)) // First.
              .setUnary(true)
              .build()
              .toByteArray();
      HttpRequest show =
          new DefaultHttpRequest(
              HttpVersion.HTTP_1_1,
              HttpMethod.GET,
              HttpPaths.ofResponse(wanted.id),
              client.headers().copy());
      show.headers().remove(HttpHeaderNames.CONTENT_TYPE).remove(HttpHeaderNames.CONTENT_ENCODING);
      return HttpExchange.toAgent(show, envelope, new byte[0], requestId);
    }

    @Override
    public void head(HttpResponse response) {
      ReplicaGenerateResponse answer = HttpExchange.answer(response);
      if (answer == null || !answer.hasPlacement()) {
        return; // The agent's own words.
      }
      if (response.status().codeClass() == HttpStatusClass.SUCCESS) {
        end(Result.FOUND, homeAt(replica));
      }
      saidNo = response.status().equals(HttpResponseStatus.NOT_FOUND);
    }

    @Override
    public void body(HttpContent content) {
      bodyBytes += content.content().readableBytes();
      content.release();
    }

    @Override
    public void readComplete() {
      if (bodyBytes > MAX_BODY_BYTES) {
        giveUp();
      }
    }

    @Override
    public void ended() {
      close();
    }

    @Override
    public void failed() {
      close();
    }

    @Override
    public void unsendable() {
      close();
    }

    void giveUp() {
      if (upstream != null) {
        upstream.cancel();
      }
      close();
    }

    private void close() {
      if (open.remove(this)) {
        allSaidNo &= saidNo;
        askMore();
      }
    }
  }
}
