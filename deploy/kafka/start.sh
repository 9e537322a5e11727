#!/bin/bash
# Starts one Apache Kafka node (KRaft) on the volume, formatting it at the first start. In place of the image's own
# entrypoint, so that any image with Kafka's JARs in /opt/kafka/libs and a Java runtime works.
#
#   INSIDE    9092  services, SCRAM-SHA-512
#   EXTERNAL  9094  the district, TLS and SCRAM-SHA-512
#   BROKER    9095  between brokers, and CONTROLLER 9093 between controllers: PLAIN, since SCRAM's passwords lie in the very
#                   metadata that these two carry. Both are in the inner network only.
set -euo pipefail

node=${KAFKA_NODE_ID:-1}
host=${KAFKA_HOST:-kafka}
voters=${KAFKA_VOTERS:-1@kafka:9093}
replication=${KAFKA_REPLICATION:-1}
min_insync=${KAFKA_MIN_INSYNC:-1}
# Places and ports of the container; tests run this script on 127.0.0.1 with others.
libs=${KAFKA_LIBS:-/opt/kafka/libs}
data=${KAFKA_DATA:-/var/lib/kafka/data}
run=${KAFKA_RUN:-/tmp/kafka}
secrets=${KAFKA_SECRETS:-/run/secrets}
bind=${KAFKA_LISTEN:-}
inside=${KAFKA_INSIDE_PORT:-9092} controller=${KAFKA_CONTROLLER_PORT:-9093}
external=${KAFKA_LISTEN_PORT:-9094} broker=${KAFKA_BROKER_PORT:-9095}
secret() { cat "$secrets/$1"; }

umask 077
mkdir -p "$run"
admin=$(secret kafka_admin_password)
plain="org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"$admin\" user_admin=\"$admin\";"
cat > "$run/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$voters
listeners=INSIDE://$bind:$inside,CONTROLLER://$bind:$controller,EXTERNAL://$bind:$external,BROKER://$bind:$broker
advertised.listeners=INSIDE://$host:$inside,EXTERNAL://${KAFKA_EXTERNAL_HOST:-localhost}:${KAFKA_EXTERNAL_PORT:-9094},BROKER://$host:$broker
listener.security.protocol.map=INSIDE:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,EXTERNAL:SASL_SSL,BROKER:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.inside.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.external.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.broker.sasl.enabled.mechanisms=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.inside.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.external.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.broker.plain.sasl.jaas.config=$plain
listener.name.controller.plain.sasl.jaas.config=$plain
listener.name.external.ssl.keystore.type=PEM
listener.name.external.ssl.keystore.location=$secrets/kafka_pem
listener.name.external.ssl.client.auth=none
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin
log.dirs=$data
auto.create.topics.enable=false
default.replication.factor=$replication
min.insync.replicas=$min_insync
offsets.topic.replication.factor=$replication
transaction.state.log.replication.factor=$replication
transaction.state.log.min.isr=$min_insync
share.coordinator.state.topic.replication.factor=$replication
share.coordinator.state.topic.min.isr=$min_insync
offsets.topic.num.partitions=12
transaction.state.log.num.partitions=4
offsets.retention.minutes=86400
unclean.leader.election.enable=false
controlled.shutdown.enable=true
group.initial.rebalance.delay.ms=1000
PROPERTIES
unset admin plain

java=(java "-Xms${KAFKA_HEAP:-384m}" "-Xmx${KAFKA_HEAP:-384m}" -XX:+ExitOnOutOfMemoryError -Dlog4j2.level=WARN -cp "$libs/*")
if [ ! -s "$data/meta.properties" ]; then
    "${java[@]}" -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format --ignore-formatted \
        -t "${KAFKA_CLUSTER_ID:-bG9uZ3hpLWxvbmd4aS0wMQ}" -c "$run/server.properties" \
        --add-scram "SCRAM-SHA-512=[name=admin,password=$(secret kafka_admin_password)]" >/dev/null
fi
exec "${java[@]}" kafka.Kafka "$run/server.properties"
