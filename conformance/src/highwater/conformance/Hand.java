package highwater.conformance;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;

import java.io.IOException;
import java.util.Map;

/** Batches made by hand: any producer id, epoch and sequence. */
final class Hand {
    /** The last version that names topics, and the first with which the broker adds partitions to transactions itself. */
    private static final short PRODUCE_VERSION = 12;

    private Hand() {
    }

    static MemoryRecords batch(long producerId, int epoch, int sequence, int count) {
        return MemoryRecords.withIdempotentRecords(Compression.NONE, producerId, (short) epoch, sequence, records(sequence, count));
    }

    static MemoryRecords transactional(long producerId, int epoch, int sequence, int count) {
        return MemoryRecords.withTransactionalRecords(Compression.NONE, producerId, (short) epoch, sequence, records(sequence, count));
    }

    static MemoryRecords plain(String key) {
        return MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(key.getBytes(), new byte[10]));
    }

    private static SimpleRecord[] records(int sequence, int count) {
        SimpleRecord[] records = new SimpleRecord[count];
        for (int i = 0; i < count; i++) {
            records[i] = new SimpleRecord(("s" + (sequence + i)).getBytes(), new byte[10]);
        }
        return records;
    }

    static ProduceRequest request(String topic, MemoryRecords records, int acks, int timeoutMs, String transactionalId) {
        var partition = new ProduceRequestData.PartitionProduceData().setIndex(0).setRecords(records);
        var topics = new ProduceRequestData.TopicProduceDataCollection();
        topics.add(new ProduceRequestData.TopicProduceData().setName(topic).setPartitionData(java.util.List.of(partition)));
        var data = new ProduceRequestData().setAcks((short) acks).setTimeoutMs(timeoutMs).setTransactionalId(transactionalId).setTopicData(topics);
        return new ProduceRequest(data, PRODUCE_VERSION);
    }

    /** What the broker says of it: base offset or error. */
    static Map<String, Object> outcome(ProduceResponse response) {
        ProduceResponseData.PartitionProduceResponse answer = response.data().responses().iterator().next().partitionResponses().get(0);
        return answer.errorCode() == 0 ? Json.map("offset", answer.baseOffset()) : Json.map("error", Errors.forCode(answer.errorCode()).name());
    }

    static Map<String, Object> produce(Wire wire, String topic, MemoryRecords records, int acks, int timeoutMs) throws IOException {
        return outcome((ProduceResponse) wire.call(request(topic, records, acks, timeoutMs, null)));
    }

    /** A producer id and its epoch, given by a broker. */
    static InitProducerIdResponse producerId(int port, String transactionalId, int timeoutMs) throws Exception {
        var data = new InitProducerIdRequestData().setTransactionalId(transactionalId).setTransactionTimeoutMs(timeoutMs);
        InitProducerIdResponse[] got = new InitProducerIdResponse[1];
        Cluster.await(20, "a producer id is given", () -> {
            got[0] = (InitProducerIdResponse) Wire.once(port, new InitProducerIdRequest.Builder(data).build((short) 5));
            return got[0].error() == Errors.NONE;
        });
        return got[0];
    }
}
