package highwater.conformance;

import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;

/** One connection to a broker, for requests that no client would make. */
final class Wire implements Closeable {
    private static final int TIMEOUT_MS = 10_000;

    private final Socket socket = new Socket();
    private final DataOutputStream out;
    private final DataInputStream in;
    private int correlation;

    Wire(int port) throws IOException {
        socket.connect(new InetSocketAddress("127.0.0.1", port), TIMEOUT_MS);
        socket.setSoTimeout(TIMEOUT_MS);
        socket.setTcpNoDelay(true);
        out = new DataOutputStream(socket.getOutputStream());
        in = new DataInputStream(socket.getInputStream());
    }

    /** Sends a request without waiting. */
    RequestHeader send(AbstractRequest request) throws IOException {
        RequestHeader header = new RequestHeader(request.apiKey(), request.version(), "recorder", correlation++);
        ByteBuffer bytes = request.serializeWithHeader(header);
        out.writeInt(bytes.remaining());
        out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
        out.flush();
        return header;
    }

    /** Waits for the answer to the oldest request that has none. */
    AbstractResponse receive(RequestHeader header) throws IOException {
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        return AbstractResponse.parseResponse(ByteBuffer.wrap(frame), header);
    }

    AbstractResponse call(AbstractRequest request) throws IOException {
        return receive(send(request));
    }

    /** One request on a connection of its own. */
    static AbstractResponse once(int port, AbstractRequest request) throws IOException {
        try (Wire wire = new Wire(port)) {
            return wire.call(request);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
