// A scene to see what many messages cost, and how they look.

/** A scene in which about `tokens` requests are on their way at any time: one a millisecond each way, for so long. */
export function crowded(tokens) {
  const delay_us = tokens * 500;
  return {
    format: 1,
    title: `${tokens} in flight`,
    kafka: '4.1',
    seed: 1,
    until_us: 600_000_000,
    network: { delay_us, jitter_us: 0 },
    topology: {
      brokers: 3,
      topics: [{ name: 'load', partitions: 3, 'replication.factor': 1 }],
      producers: [{
        name: 'crowd',
        configs: { acks: 1, 'linger.ms': 0, 'batch.size': 1, 'enable.idempotence': false, 'max.in.flight.requests.per.connection': tokens },
      }],
    },
    workload: [{ producer: 'crowd', topic: 'load', keys: ['A', 'B', 'C', 'D', 'E', 'F'], start_us: 0, every_us: 1000, count: 500_000 }],
  };
}

/** The same as the app keeps it over a reload, at a time when so many are on their way; `speed` as the menu numbers them. */
export const crowdedScene = (tokens, speed) => `highwater-scene-1 ${tokens * 1500} ${speed} run 0\n${JSON.stringify(crowded(tokens))}`;
