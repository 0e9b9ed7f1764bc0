package io.warmpath.router;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.warmpath.routing.Lease;
import io.warmpath.routing.PickRequest;
import io.warmpath.tokenizer.TokenHead;
import io.warmpath.v1.Completed;
import io.warmpath.v1.GenerateRequest;
import io.warmpath.v1.GenerateResponse;
import io.warmpath.v1.Placement;
import io.warmpath.v1.Refused;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One gRPC request: the client's call on one side, one try after the other on the other. Lives on
 * one event loop, so it needs no lock.
 *
 * <p>Until the first output arrives the client has got nothing, so a failed try can be repeated
 * elsewhere unseen. From then on messages go through as they come, as fast as the client takes
 * them: an agent may be ahead of the client by a fixed number of messages and no more.
 */
final class GenerateRelay extends ServerCall.Listener<ClientRequest> {

  private static final Logger LOG = LoggerFactory.getLogger(GenerateRelay.class);

  private final RequestPath path;
  private final ServerCall<ClientRequest, AgentAnswer> client;
  private final Metadata headers;
  private final Context context = Context.current();
  private final long arrivedNanos;
  private final RelayLoop loop;
  private @Nullable ClientRequest request;
  private @Nullable RoutedRequest routed;
  private @Nullable Try current;
  private boolean holdsPlace;

  /** The model, while the prompt's first tokens are being made. */
  private @Nullable ModelRoute encoding;

  /** Written by the event loop; a tokenizer's thread reads it too. */
  private volatile boolean closed;

  private GenerateRelay(
      RequestPath path, ServerCall<ClientRequest, AgentAnswer> client, Metadata headers) {
    this.path = path;
    this.client = client;
    this.headers = headers;
    this.arrivedNanos = path.ticker().nanos();
    this.loop = path.loops().current();
  }

  /** Takes a call that has just begun. */
  static ServerCall.Listener<ClientRequest> start(
      RequestPath path, ServerCall<ClientRequest, AgentAnswer> client, Metadata headers) {
    GenerateRelay relay = new GenerateRelay(path, client, headers);
    client.request(2); // One is allowed; a second one would be a fault to report.
    return relay;
  }

  // ---- the client's side

  @Override
  public void onMessage(ClientRequest message) {
    if (request == null) {
      request = message;
    } else {
      fail(new RequestFailure(RequestFailure.Kind.BAD_REQUEST, "more than one request message"));
    }
  }

  @Override
  public void onHalfClose() {
    if (closed) {
      return;
    }
    ClientRequest received = request;
    if (received == null) {
      fail(new RequestFailure(RequestFailure.Kind.BAD_REQUEST, "the request message is missing"));
      return;
    }
    try {
      PromptReader prompt = read(received.message());
      path.inFlight().take();
      holdsPlace = true;
      encoding = prompt.route();
      path.tokenizers().encode(prompt.text(), loop, new Encoding(received.message(), prompt));
    } catch (RequestRefusedException refused) {
      fail(refused.failure());
    }
  }

  @Override
  public void onReady() {
    if (current != null) {
      current.replenish();
    }
  }

  @Override
  public void onCancel() {
    end(cancelKind());
  }

  @Override
  public void onComplete() {
    end(RequestFailure.Kind.CANCELLED);
  }

  /** Whatever the call still holds is given back: the last word on every path. */
  private void end(RequestFailure.Kind why) {
    closed = true;
    if (routed != null) {
      routed.cancelled(why);
    }
    if (encoding != null) {
      encoding.metrics().failed(why);
      encoding = null;
    }
    Try running = current;
    current = null;
    if (running != null) {
      running.call.cancel("the client went away", null);
    }
    if (holdsPlace) {
      holdsPlace = false;
      path.inFlight().release();
    }
    request = null;
  }

  private RequestFailure.Kind cancelKind() {
    Deadline deadline = context.getDeadline();
    return deadline != null && deadline.isExpired()
        ? RequestFailure.Kind.DEADLINE_EXCEEDED
        : RequestFailure.Kind.CANCELLED;
  }

  /** The call to the agent has the client's deadline, and its clock may be the first to ring. */
  private boolean isClientsDeadline(Status status) {
    return status.getCode() == Status.Code.DEADLINE_EXCEEDED && context.getDeadline() != null;
  }

  // ---- decision

  private PromptReader read(GenerateRequest message) throws RequestRefusedException {
    RequestCheck.check(message);
    RoutingTable.Resolved model =
        path.table().get().resolve(message.getModel(), message.getLoraAdapter());
    return new PromptReader(message, model, AffinityInputs.of(message, headers));
  }

  /** Until the prompt's first tokens are known, if they are to be. */
  private final class Encoding implements Tokenizers.Request {

    private final GenerateRequest message;
    private final PromptReader prompt;

    Encoding(GenerateRequest message, PromptReader prompt) {
      this.message = message;
      this.prompt = prompt;
    }

    @Override
    public boolean isWaiting() {
      return !closed;
    }

    @Override
    public void encoded(@Nullable TokenHead tokens) {
      if (!closed) {
        context.run(() -> place(message, prompt, tokens)); // The call's, for its deadline.
      }
    }
  }

  private void place(GenerateRequest message, PromptReader prompt, @Nullable TokenHead tokens) {
    encoding = null;
    try {
      RoutedRequest admitted = admit(message, prompt, tokens);
      routed = admitted;
      follow(admitted, admitted.start());
    } catch (RequestRefusedException refused) {
      fail(refused.failure());
    }
  }

  private RoutedRequest admit(
      GenerateRequest message, PromptReader prompt, @Nullable TokenHead tokens)
      throws RequestRefusedException {
    PickRequest pick =
        prompt.pick(tokens, path.sessions(), Wire.constraints(message.getRouting(), headers));
    return new RoutedRequest(
        prompt.route(),
        Account.of(loop.usage(), prompt.affinity(), pick.session()),
        pick,
        path.limits().retryMaxRetries(),
        path.ticker(),
        arrivedNanos);
  }

  private void follow(RoutedRequest ofThis, RoutedRequest.Step step) {
    switch (step) {
      case RoutedRequest.Step.TryReplica(Lease lease) -> {
        Try next = new Try(ofThis, lease);
        current = next;
        next.start();
      }
      case RoutedRequest.Step.GiveUp(RequestFailure failure) -> fail(failure);
    }
  }

  private void fail(RequestFailure failure) {
    close(StatusMapping.status(failure), StatusMapping.trailers(failure));
  }

  private void close(Status status, Metadata trailers) {
    current = null;
    if (!closed) {
      closed = true;
      client.close(status, trailers);
    }
  }

  // ---- the agent's side

  /** One try at one replica. What arrives after it stopped being the current one is dropped. */
  private final class Try extends ClientCall.Listener<AgentAnswer> {

    private final RoutedRequest routed;
    private final Lease lease;
    private final ClientCall<AgentRequest, AgentAnswer> call;
    private @Nullable Placement agentPlacement;
    private @Nullable Refused refusal;
    private boolean headersSent;
    private boolean completed;
    private int owedMessages;

    Try(RoutedRequest routed, Lease lease) {
      this.routed = routed;
      this.lease = lease;
      this.call =
          loop.channel(lease.replica().address())
              .newCall(GenerateService.AGENT_METHOD, CallOptions.DEFAULT);
    }

    void start() {
      ClientRequest sent = request;
      if (sent == null) {
        throw new IllegalStateException("a try after the stream began");
      }
      call.start(this, Wire.traceHeaders(headers));
      call.request(path.prefetchMessages());
      call.sendMessage(
          new AgentRequest(
              Wire.envelope(routed, lease).build(), sent.bytes(), Wire.amendment(sent.message())));
      call.halfClose();
    }

    @Override
    public void onMessage(AgentAnswer answer) {
      if (current != this) {
        return;
      }
      switch (answer.kind()) {
        case PLACEMENT -> accept(answer.parse().getPlacement());
        case DELTA -> {
          beginStream();
          forward(answer);
        }
        case COMPLETED -> complete(answer.parse().getCompleted());
        case REFUSED -> refusal = answer.parse().getRefused();
        case OTHER -> call.request(1);
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (current != this) {
        return;
      }
      current = null;
      if (completed) {
        close(Status.OK, new Metadata());
      } else if (refusal != null) {
        follow(routed, routed.refused(refusal));
      } else if (isClientsDeadline(status)) {
        end(RequestFailure.Kind.DEADLINE_EXCEEDED);
      } else if (context.isCancelled()) {
        end(cancelKind());
      } else if (StatusMapping.blame(status) == StatusMapping.Blame.REQUEST) {
        routed.rejectedByEngine();
        close(status, StatusMapping.passedOn(trailers));
      } else {
        LOG.debug("replica {} failed a request: {}", lease.replica().id(), status);
        follow(routed, routed.replicaFailed());
      }
    }

    /** The client can take more: asks for what was held back. */
    void replenish() {
      if (owedMessages > 0 && client.isReady()) {
        int owed = owedMessages;
        owedMessages = 0; // First: messages may arrive within the next call.
        call.request(owed);
      }
    }

    private void accept(Placement placement) {
      agentPlacement = placement;
      routed.accepted(placement.getPendingWorkSeconds());
      call.request(1);
    }

    /* Headers, placement and first output leave together, in one write. */
    private void beginStream() {
      if (headersSent) {
        return;
      }
      headersSent = true;
      routed.firstToken();
      request = null;
      client.sendHeaders(new Metadata());
      send(Wire.placement(agentPlacement, routed, lease));
    }

    private void complete(Completed fromAgent) {
      beginStream();
      completed = true;
      routed.completed(fromAgent.getUsage());
      Completed toClient = fromAgent.toBuilder().setTtftSeconds(routed.ttftSeconds()).build();
      send(GenerateResponse.newBuilder().setCompleted(toClient).build());
      call.request(1);
    }

    private void send(GenerateResponse response) {
      client.sendMessage(AgentAnswer.of(response));
    }

    private void forward(AgentAnswer answer) {
      client.sendMessage(answer);
      if (client.isReady()) {
        call.request(1);
      } else {
        owedMessages++;
      }
    }
  }
}
