package io.warmpath.router;

import io.warmpath.routing.Ticker;
import java.util.function.Supplier;

/**
 * What a request needs on its way, for every front door.
 *
 * @param table the published table; one volatile read
 * @param loops the event loops
 * @param sessions makes session keys
 * @param responses remembers who made which response
 * @param searches says when replicas are asked for a response
 * @param tokenizers encode prompts of models that have one
 * @param inFlight counts and limits the requests of this router
 * @param bodies counts and limits the bytes of their bodies, over HTTP
 * @param gate lets requests in by their key
 * @param limits what this router takes on
 * @param prefetchMessages messages of a stream that an agent may be ahead of the client
 * @param ticker the process's clock
 */
record RequestPath(
    Supplier<RoutingTable> table,
    RelayLoops loops,
    SessionKeys sessions,
    ResponseHomes responses,
    HomeSearches searches,
    Tokenizers tokenizers,
    InFlight inFlight,
    BodyMemory bodies,
    Gate gate,
    RouterConfig.Limits limits,
    int prefetchMessages,
    Ticker ticker) {}
