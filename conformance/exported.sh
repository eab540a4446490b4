# shellcheck shell=bash disable=SC2154
# A real cluster from what `highwater export` writes, for prove-export and prove-replay. Wants $root, $lib (Kafka's jars), $work (an own folder) and $highwater.

end() {
  local file
  for file in "$work"/cluster/*.pid; do
    [ -e "$file" ] || continue
    # One that has ended may have left its number to somebody else.
    if ps -p "$(cat "$file")" -o args= 2>/dev/null | grep -q kafka.Kafka; then kill -9 "$(cat "$file")" || true; fi
  done
  rm -rf "$work"
}

# Maven Central has Kafka's jars, not its scripts: these say the same main classes.
tools() {
  mkdir -p "$work/kafka/bin"
  local name class
  while read -r name class; do
    cat >"$work/kafka/bin/$name" <<SCRIPT
#!/bin/sh
exec java \${KAFKA_HEAP_OPTS:--Xmx256m} -XX:TieredStopAtLevel=1 -Dlevel=error -Dlog4j2.configurationFile=$root/conformance/log4j2.properties -cp '$lib/*' $class "\$@"
SCRIPT
    chmod +x "$work/kafka/bin/$name"
  done <<'CLASSES'
kafka-storage.sh kafka.tools.StorageTool
kafka-server-start.sh kafka.Kafka
kafka-topics.sh org.apache.kafka.tools.TopicCommand
kafka-console-producer.sh org.apache.kafka.tools.ConsoleProducer
kafka-console-consumer.sh org.apache.kafka.tools.consumer.ConsoleConsumer
kafka-consumer-groups.sh org.apache.kafka.tools.consumer.group.ConsumerGroupCommand
kafka-delete-records.sh org.apache.kafka.tools.DeleteRecordsCommand
kafka-configs.sh kafka.admin.ConfigCommand
kafka-leader-election.sh org.apache.kafka.tools.LeaderElectionCommand
kafka-console-share-consumer.sh org.apache.kafka.tools.consumer.ConsoleShareConsumer
kafka-share-groups.sh org.apache.kafka.tools.consumer.group.ShareGroupCommand
kafka-broker-api-versions.sh org.apache.kafka.tools.BrokerApiVersionsCommand
CLASSES
}

await_brokers() {
  local try
  for try in $(seq 60); do
    "$work/kafka/bin/kafka-topics.sh" --bootstrap-server localhost:9092 --list >/dev/null 2>&1 && sleep 5 && return
    sleep 1
  done
  echo "the exported cluster did not start ($try tries)" >&2
  tail -n 5 "$work"/cluster/*.log >&2
  return 1
}

# Exports the scenario, formats its cluster and starts it.
start_cluster() {
  local to
  tools
  for to in properties commands; do
    "$highwater" export "$1" --to "$to" --out "$work/cluster"
  done
  export KAFKA_HOME=$work/kafka KAFKA_HEAP_OPTS=-Xmx256m
  sh "$work/cluster/start.sh" >"$work/format" 2>&1 || { cat "$work/format" >&2; return 1; }
  await_brokers
}
