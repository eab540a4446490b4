package org.apache.kafka.clients.producer.internals;

import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.utils.LogContext;

/** Kafka's sticky partitioner with its random number given from outside. Lives in Kafka's package because the methods are not public. */
public final class StickyProbe extends BuiltInPartitioner {
    private final Cluster cluster;
    private int random;

    /** A partitioner of topic {@code t} that reads {@code cluster}. */
    public StickyProbe(Cluster cluster, int stickyBatchSize) {
        super(new LogContext(), "t", stickyBatchSize);
        this.cluster = cluster;
    }

    @Override
    int randomPartition() {
        return random;
    }

    /** The number that the next choice draws. */
    public void draw(int number) {
        random = number;
    }

    /** The partition that a record without a key goes to now. */
    public int current() {
        return peekCurrentPartitionInfo(cluster).partition();
    }

    /** Tells the partitioner that so many bytes were appended, and whether it may switch now. */
    public void appended(int bytes, boolean maySwitch) {
        updatePartitionInfo(peekCurrentPartitionInfo(cluster), bytes, cluster, maySwitch);
    }
}
