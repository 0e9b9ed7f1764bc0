package io.warmpath.agent.kv;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.List;
import org.junit.jupiter.api.Test;

final class KvEventSubscriberTest {

  /** The engine of an agent that is stopped may never have come up. */
  @Test
  void close_beforeStart_returns() {
    KvEventSubscriber subscriber =
        new KvEventSubscriber(
            "tcp://127.0.0.1:1",
            null,
            "replica-0",
            new KvEventSubscriber.Listener() {
              @Override
              public void onEvents(List<KvEvent> events) {}

              @Override
              public void onLost() {}
            });
    assertThatCode(subscriber::close).doesNotThrowAnyException();
  }
}
