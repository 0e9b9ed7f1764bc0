package io.warmpath.cli.containers;

import com.google.errorprone.annotations.Var;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What a Service's address does, on this machine: each new connection goes to the next of the pods
 * that are ready and are not being ended; connections that are there stay where they are.
 */
final class ServiceAddress implements AutoCloseable {

  private final ServerSocket listener;
  private final List<InetSocketAddress> ready = new CopyOnWriteArrayList<>();

  private ServiceAddress(ServerSocket listener) {
    this.listener = listener;
  }

  /** Opens an address with no pod behind it. */
  static ServiceAddress open() throws IOException {
    ServiceAddress service =
        new ServiceAddress(new ServerSocket(0, 128, InetAddress.getLoopbackAddress()));
    Thread.ofPlatform().daemon().name("service").start(service::acceptUntilClosed);
    return service;
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  void add(InetSocketAddress pod) {
    ready.add(pod);
  }

  void remove(InetSocketAddress pod) {
    ready.remove(pod);
  }

  private void acceptUntilClosed() {
    try {
      for (@Var int i = 0; ; i++) {
        Socket client = listener.accept();
        List<InetSocketAddress> pods = List.copyOf(ready);
        if (pods.isEmpty()) {
          client.close();
        } else {
          InetSocketAddress pod = pods.get(i % pods.size());
          Thread.ofVirtual().start(() -> relay(client, pod));
        }
      }
    } catch (IOException closed) {
      // The listener is closed when the cluster ends.
    }
  }

  private static void relay(Socket client, InetSocketAddress pod) {
    try (client;
        Socket server = new Socket()) {
      server.connect(pod);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      Thread back = Thread.ofVirtual().start(() -> copy(server, client));
      copy(client, server);
      back.join();
    } catch (IOException refused) {
      // The client sees its connection end.
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException broken) {
      closeQuietly(from);
      closeQuietly(to);
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException gone) {
      // It is closed.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
