package io.warmpath.router;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.HttpConversionUtil;
import io.warmpath.relay.RelayProtocol;
import io.warmpath.routing.Lease;
import io.warmpath.v1.Completed;
import io.warmpath.v1.Refused;
import io.warmpath.v1.ReplicaGenerateResponse;
import io.warmpath.v1.Usage;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request that goes to an engine: the client's connection on one side, one try after the
 * other on the other. The bytes of both bodies go through as they are. Lives on one event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a connection that breaks tells its handler
final class HttpExchange implements HttpIntake.Listener {

  private static final List<CharSequence> HOP_BY_HOP =
      List.of(
          HttpHeaderNames.CONNECTION,
          "keep-alive",
          "proxy-connection",
          HttpHeaderNames.PROXY_AUTHORIZATION,
          HttpHeaderNames.TE,
          HttpHeaderNames.TRAILER,
          HttpHeaderNames.UPGRADE,
          HttpHeaderNames.EXPECT,
          HttpConversionUtil.ExtensionHeaderNames.SCHEME.text(),
          HttpConversionUtil.ExtensionHeaderNames.STREAM_ID.text());

  private static final byte[] NOTHING = new byte[0];

  private static final AgentHttp.Exchange NOT_SENT =
      new AgentHttp.Exchange() {
        @Override
        public void reading(boolean on) {}

        @Override
        public void cancel() {}
      };

  private final RequestPath path;
  private final HttpConnection connection;
  private final ChannelHandlerContext client;
  private final HttpRequest head;
  private final RelayLoop loop;
  private final long arrivedNanos;
  private final String requestId;
  private byte[] body;
  private boolean unary;
  private boolean lengthEstimated;
  private @Nullable HttpIntake intake;
  private @Nullable RoutedRequest routed;
  private @Nullable Try current;
  private @Nullable EngineFault fault;
  private boolean holdsPlace;

  HttpExchange(
      RequestPath path,
      HttpConnection connection,
      ChannelHandlerContext client,
      HttpRequest head,
      byte[] body) {
    this.path = path;
    this.connection = connection;
    this.client = client;
    this.head = head;
    this.body = body;
    this.loop = path.loops().current();
    this.arrivedNanos = path.ticker().nanos();
    String given = head.headers().get(RelayHeaders.REQUEST_ID, "");
    this.requestId = given.isEmpty() ? Wire.newRequestId() : given;
  }

  void start() {
    try {
      path.inFlight().take();
      holdsPlace = true;
    } catch (RequestRefusedException full) {
      fail(full.failure());
      return;
    }
    HttpIntake begun = new HttpIntake(path, loop, head, requestId, this);
    intake = begun;
    begun.start(body, client.executor());
  }

  /** The client's connection is gone. */
  void clientGone() {
    if (intake != null) {
      intake.cancel();
    }
    Try running = current;
    if (running != null && running.end.reached()) {
      running.clientHasAll = true; // Only the trailers, with the usage, are on their way.
      running.upstream.reading(true);
      return;
    }
    if (routed != null) {
      routed.cancelled(RequestFailure.Kind.CANCELLED);
    }
    current = null;
    if (running != null) {
      running.upstream.cancel();
    }
    release();
  }

  /** The client's buffer filled up or emptied. */
  void writabilityChanged() {
    if (current != null) {
      current.upstream.reading(client.channel().isWritable());
    }
  }

  // ---- decision

  @Override
  public void read(BodyReader.Asked asked) {
    intake = null;
    RoutedRequest admitted = admit(asked);
    routed = admitted;
    follow(admitted, admitted.start());
  }

  @Override
  public void refused(RequestFailure failure) {
    fail(failure);
  }

  private RoutedRequest admit(BodyReader.Asked asked) {
    unary = asked.unary();
    lengthEstimated = asked.lengthEstimated();
    return new RoutedRequest(
        asked.route(),
        Account.of(loop.usage(), asked.affinity(), asked.pick().session()),
        asked.pick(),
        path.limits().retryMaxRetries(),
        path.ticker(),
        arrivedNanos);
  }

  private void follow(RoutedRequest ofThis, RoutedRequest.Step step) {
    switch (step) {
      case RoutedRequest.Step.TryReplica(Lease lease) -> {
        String relay = lease.replica().labels().get(RelayProtocol.ADDRESS_LABEL);
        if (relay == null) {
          follow(ofThis, ofThis.replicaFailed());
        } else {
          new Try(ofThis, lease).start(relay);
        }
      }
      case RoutedRequest.Step.GiveUp(RequestFailure failure) -> fail(failure);
    }
  }

  private void fail(RequestFailure failure) {
    EngineFault said = fault;
    release();
    if (said != null && failure.kind() == RequestFailure.Kind.REPLICA_FAILED) {
      connection.fail(client, said);
    } else {
      connection.fail(client, OpenAiError.of(failure), failure.retryAfterSeconds());
    }
  }

  private void release() {
    current = null;
    fault = null;
    dropBody();
    if (holdsPlace) {
      holdsPlace = false;
      path.inFlight().release();
    }
  }

  /** No replica will be sent it any more. */
  private void dropBody() {
    path.bodies().release(body.length);
    body = NOTHING;
  }

  // ---- the agent's side

  /** One try at one replica. */
  private final class Try implements AgentHttp.Listener {

    private final RoutedRequest routed;
    private final Lease lease;
    private AgentHttp.Exchange upstream = NOT_SENT;
    private @Nullable HttpResponse held;
    private @Nullable Refused refusal;
    private @Nullable Usage usage;
    private @Nullable EngineFault says;
    private final StreamEnd end = new StreamEnd(HttpPaths.path(head.uri()));
    private final @Nullable ResponseIdFinder response =
        HttpPaths.makesResponse(HttpPaths.path(head.uri())) ? new ResponseIdFinder() : null;
    private boolean taken;
    private boolean toldError;
    private boolean clientHasAll;
    private boolean headSent;
    private boolean stream;
    private boolean mayGetAnEvent;
    private int status;

    Try(RoutedRequest routed, Lease lease) {
      this.routed = routed;
      this.lease = lease;
    }

    void start(String relay) {
      current = this;
      upstream = loop.http().send(relay, request(), this);
    }

    private FullHttpRequest request() {
      byte[] envelope =
          Wire.envelope(routed, lease)
              .setRequest(Wire.identified(requestId))
              .setUnary(unary)
              .setTokensEstimated(lengthEstimated)
              .build()
              .toByteArray();
      return toAgent(head, envelope, body, requestId);
    }

    @Override
    public void head(HttpResponse response) {
      ReplicaGenerateResponse answer = answer(response);
      if (answer != null && answer.hasRefused()) {
        refusal = answer.getRefused();
      } else if (answer != null && answer.hasPlacement()) {
        if (!taken) {
          taken = true; // Told once, as early as it is known.
          routed.accepted(answer.getPlacement().getPendingWorkSeconds());
        }
        if (response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
          noteUsage(response.headers());
          held = response;
        }
      } else if (response.headers().contains(RelayHeaders.FAILED)) {
        says = new EngineFault(response);
      }
    }

    @Override
    public void body(HttpContent content) {
      boolean last = content instanceof LastHttpContent;
      if (clientHasAll) {
        if (last) {
          noteUsage(((LastHttpContent) content).trailingHeaders());
        }
        content.release();
        return;
      }
      if (held == null && !headSent) {
        if (says != null) {
          says.add(content.content());
        }
        content.release(); // A refusal's own words are for nobody.
        return;
      }
      end.look(content.content());
      if (content.content().isReadable() || last) {
        sendHead();
      }
      noteResponse(content.content());
      if (last) {
        noteUsage(((LastHttpContent) content).trailingHeaders());
        writeRest(content);
      } else {
        client.write(content);
      }
    }

    private void noteResponse(ByteBuf piece) {
      String id = response == null || status >= 400 ? null : response.look(piece);
      if (id != null) {
        path.responses().remember(id, new ResponseHomes.Home(routed.model(), lease.replica().id()));
      }
    }

    /* The end itself goes when the exchange is accounted for. */
    private void writeRest(HttpContent last) {
      if (last.content().isReadable()) {
        client.write(new DefaultHttpContent(last.content()));
      } else {
        last.release();
      }
    }

    @Override
    public void readComplete() {
      if (headSent && !clientHasAll) {
        client.flush();
        if (!client.channel().isWritable()) {
          upstream.reading(false);
        }
      }
    }

    @Override
    public void ended() {
      if (current != this) {
        return;
      }
      if (refusal != null) {
        follow(routed, routed.refused(refusal));
      } else if (!headSent) {
        fault = says == null ? fault : says;
        follow(routed, routed.replicaFailed());
      } else {
        finish();
      }
    }

    @Override
    public void failed() {
      if (current != this) {
        return;
      }
      if (!headSent) {
        follow(routed, routed.replicaFailed());
        return;
      }
      routed.failedByEngine();
      release();
      if (clientHasAll) {
        return;
      }
      if (mayGetAnEvent) {
        RequestFailure failure =
            new RequestFailure(
                RequestFailure.Kind.REPLICA_FAILED,
                "replica " + lease.replica().id() + " failed after the stream had begun");
        client.write(new DefaultHttpContent(lastEvent(OpenAiError.of(failure))));
        client.write(LastHttpContent.EMPTY_LAST_CONTENT);
        connection.exchangeEnded(client);
      } else {
        connection.exchangeBroken(client);
      }
    }

    private ByteBuf lastEvent(OpenAiError error) {
      boolean anthropic = HttpPaths.isMessages(HttpPaths.path(head.uri()));
      byte[] event = anthropic ? error.messagesEvent() : error.event();
      return end.isBetweenEvents()
          ? Unpooled.wrappedBuffer(event)
          : Unpooled.wrappedBuffer(StreamEnd.EVENT_END.getBytes(StandardCharsets.US_ASCII), event);
    }

    @Override
    public void unsendable() {
      if (current == this) {
        routed.cancelled(RequestFailure.Kind.BAD_REQUEST); // Whoever it was sent to.
        fail(
            new RequestFailure(
                RequestFailure.Kind.BAD_REQUEST, "the request's headers cannot be passed on"));
      }
    }

    /* The head waits for the first of the body: until then a failed try is repeated unseen. */
    private void sendHead() {
      HttpResponse response = held;
      if (response == null) {
        return;
      }
      held = null;
      headSent = true;
      dropBody();
      status = response.status().code();
      if (status < 400) {
        routed.firstToken(); // An error computed nothing.
      }
      stream =
          response.headers().get(HttpHeaderNames.CONTENT_TYPE, "").startsWith("text/event-stream");
      HttpResponse toClient = new DefaultHttpResponse(HttpVersion.HTTP_1_1, response.status());
      HttpHeaders headers = toClient.headers().set(response.headers());
      HOP_BY_HOP.forEach(headers::remove);
      headers
          .remove(RelayHeaders.ANSWER)
          .remove(RelayHeaders.COMPLETED)
          .remove(RelayHeaders.FAILED);
      frame(headers);
      describe(headers);
      client.write(toClient);
    }

    /* The body as the engine framed it: the relay's own chunks are there for its trailers. */
    private void frame(HttpHeaders headers) {
      String length = headers.get(RelayHeaders.LENGTH);
      if (length != null) {
        headers.remove(RelayHeaders.LENGTH).remove(HttpHeaderNames.TRANSFER_ENCODING);
        headers.set(HttpHeaderNames.CONTENT_LENGTH, length);
      } else if (!headers.contains(HttpHeaderNames.CONTENT_LENGTH) && hasBody()) {
        headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
      }
      mayGetAnEvent =
          stream
              && !headers.contains(HttpHeaderNames.CONTENT_LENGTH)
              && !headers.contains(HttpHeaderNames.CONTENT_ENCODING);
    }

    /** Whether the answer has a body, if an empty one (RFC 9112, 6.3). */
    private boolean hasBody() {
      return !head.method().equals(HttpMethod.HEAD)
          && status != HttpResponseStatus.NO_CONTENT.code()
          && status != HttpResponseStatus.NOT_MODIFIED.code();
    }

    private void describe(HttpHeaders headers) {
      headers
          .set(RelayHeaders.REPLICA, lease.replica().id())
          .set(RelayHeaders.REASON, Wire.camelCase(lease.reason().name()))
          .set(RelayHeaders.ATTEMPTS, routed.attempts())
          .set(RelayHeaders.EXPECTED_CACHED, routed.expectedCachedTokens(lease))
          .set(RelayHeaders.REQUEST_ID, requestId);
      if (usage != null) {
        headers.set(RelayHeaders.CACHED, usage.getCachedTokens());
      }
      if (head.protocolVersion().equals(HttpVersion.HTTP_1_0)) {
        headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
        if (!headers.contains(HttpHeaderNames.CONTENT_LENGTH)) {
          connection.endsWithAnswer();
        }
      }
      if (!connection.keepAlive()) {
        headers.set(HttpHeaderNames.CONNECTION, "close");
      }
    }

    private void finish() {
      if (status >= 500 || toldError) {
        routed.failedByEngine();
      } else if (status >= 400) {
        routed.rejectedByEngine();
      } else {
        routed.completed(usage == null ? guessed() : usage);
      }
      release();
      if (!clientHasAll) {
        client.write(LastHttpContent.EMPTY_LAST_CONTENT);
        connection.exchangeEnded(client);
      }
    }

    /* What the engine did not say is taken as expected, so that nothing false is learned. */
    private Usage guessed() {
      return Usage.newBuilder()
          .setPromptTokens(routed.pick().prefix().promptTokens())
          .setCachedTokens(routed.expectedCachedTokens(lease))
          .setCachedTokensEstimated(true)
          .setEstimated(true)
          .build();
    }

    private void noteUsage(HttpHeaders from) {
      toldError |= from.contains(RelayHeaders.FAILED);
      String encoded = from.get(RelayHeaders.COMPLETED);
      if (encoded != null) {
        try {
          usage = Completed.parseFrom(Base64.getDecoder().decode(encoded)).getUsage();
        } catch (InvalidProtocolBufferException | IllegalArgumentException malformed) {
          usage = null;
        }
      }
    }
  }

  /** Returns what an agent gets: its envelope, then what the client asked for. */
  static FullHttpRequest toAgent(
      HttpRequest asked, byte[] envelope, byte[] body, String requestId) {
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1,
            asked.method(),
            asked.uri(),
            Unpooled.wrappedBuffer(envelope, body));
    HttpHeaders headers = request.headers().set(asked.headers());
    removeNamedByConnection(headers);
    HOP_BY_HOP.forEach(headers::remove);
    // The client's name for the router is not the engine's, and may be none.
    headers.remove(HttpHeaderNames.TRANSFER_ENCODING).remove(HttpHeaderNames.HOST);
    headers.set(HttpHeaderNames.CONTENT_LENGTH, envelope.length + body.length);
    headers.set(RelayHeaders.ENVELOPE, envelope.length);
    headers.set(RelayHeaders.REQUEST_ID, requestId);
    return request;
  }

  /* They are of the client's own connection (RFC 9110, 7.6.1). */
  private static void removeNamedByConnection(HttpHeaders headers) {
    for (String names : headers.getAll(HttpHeaderNames.CONNECTION)) {
      for (String name : names.split(",", -1)) {
        headers.remove(name.strip());
      }
    }
  }

  /** Returns what an agent says beside an engine's answer, or null when that is nothing. */
  static @Nullable ReplicaGenerateResponse answer(HttpResponse response) {
    String encoded = response.headers().get(RelayHeaders.ANSWER);
    if (encoded == null) {
      return null;
    }
    try {
      return ReplicaGenerateResponse.parseFrom(Base64.getDecoder().decode(encoded));
    } catch (InvalidProtocolBufferException | IllegalArgumentException malformed) {
      return null;
    }
  }
}
