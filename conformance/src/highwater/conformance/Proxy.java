package highwater.conformance;

import org.apache.kafka.common.protocol.ApiKeys;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Stands before one server, reads frames, and knows each connection's client by the client id of its first request.
 * A cut link holds its frames back; when it heals, the connections that were held end, as after a long outage.
 */
final class Proxy implements Closeable {
    private final int target;
    private final Links links;
    private final String server;
    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    /** Which links are cut, and whose next answer is lost: shared by all proxies of a cluster. */
    static final class Links {
        private final Set<String> cut = ConcurrentHashMap.newKeySet();
        private final Map<String, Short> drop = new ConcurrentHashMap<>();

        synchronized void cut(String from, String to) {
            cut.add(from + ">" + to);
        }

        synchronized void heal(String from, String to) {
            cut.remove(from + ">" + to);
            notifyAll();
        }

        synchronized void healAll() {
            cut.clear();
            drop.clear();
            notifyAll();
        }

        /** The next answer to a request of this kind is lost, and the client's connection ends. */
        void dropNext(String server, String client, ApiKeys api) {
            drop.put(server + ">" + client, api.id);
        }

        private boolean takeDrop(String server, String client, short api) {
            return drop.remove(server + ">" + client, api);
        }

        /** Waits while the link is cut. True if it was: the connection is lost. */
        private synchronized boolean held(String from, String to) throws InterruptedException {
            boolean was = false;
            while (cut.contains(from + ">" + to)) {
                was = true;
                wait();
            }
            return was;
        }

        boolean isCut(String from, String to) {
            return cut.contains(from + ">" + to);
        }
    }

    Proxy(String server, int target, Links links) throws IOException {
        this.server = server;
        this.target = target;
        this.links = links;
        listener = new ServerSocket(0, 200, InetAddress.getByName("127.0.0.1"));
        daemon(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                daemon(() -> serve(client));
            }
        } catch (IOException closed) {
            // The proxy was closed.
        }
    }

    private void serve(Socket client) {
        Socket upstream = new Socket();
        open.add(client);
        try {
            client.setTcpNoDelay(true);
            upstream.connect(new InetSocketAddress("127.0.0.1", target), 2_000);
            upstream.setTcpNoDelay(true);
            byte[] first = frame(new DataInputStream(client.getInputStream()));
            String name = actor(first);
            Map<Integer, Short> asked = new ConcurrentHashMap<>();
            daemon(() -> {
                try {
                    DataInputStream in = new DataInputStream(upstream.getInputStream());
                    DataOutputStream out = new DataOutputStream(client.getOutputStream());
                    while (true) {
                        byte[] answer = frame(in);
                        Short api = asked.remove(ByteBuffer.wrap(answer).getInt());
                        if (links.held(server, name) || api != null && links.takeDrop(server, name, api)) {
                            break;
                        }
                        write(out, answer);
                    }
                } catch (IOException | InterruptedException ended) {
                    // Either side closed.
                } finally {
                    close(client, upstream);
                }
            });
            DataInputStream in = new DataInputStream(client.getInputStream());
            DataOutputStream out = new DataOutputStream(upstream.getOutputStream());
            for (byte[] request = first; !links.held(name, server); request = frame(in)) {
                asked.put(ByteBuffer.wrap(request).getInt(4), ByteBuffer.wrap(request).getShort());
                write(out, request);
            }
        } catch (IOException | InterruptedException ended) {
            // Either side closed.
        } finally {
            close(client, upstream);
            open.remove(client);
        }
    }

    /** The end of the link: a broker's number, or the client's own name. */
    private static String actor(byte[] request) {
        ByteBuffer buffer = ByteBuffer.wrap(request);
        int length = buffer.getShort(8);
        String id = length < 0 ? "" : new String(request, 10, length, StandardCharsets.UTF_8);
        String digits = id.replaceAll("^(?:broker-|raft-client-|node-)?(\\d+)(?:-.*)?$", "$1");
        return digits.isEmpty() ? id : digits;
    }

    private static byte[] frame(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return bytes;
    }

    private static void write(DataOutputStream out, byte[] bytes) throws IOException {
        ByteBuffer whole = ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes);
        out.write(whole.array());
        out.flush();
    }

    private static void close(Socket... sockets) {
        for (Socket socket : sockets) {
            try {
                socket.close();
            } catch (IOException alreadyClosed) {
                // Nothing to do.
            }
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        open.forEach(Proxy::close);
    }
}
