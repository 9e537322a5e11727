package district;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Passes a notice of holidays on to communities, as holiday.changed on district.events. Each notice has, for each
 * community, an id of its own, and its events are numbered from 1 without gaps. An event is written to our own outbox
 * first, then sent, then marked; what was not marked is sent again at the next start, with the same id and number.
 */
public final class Producer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TYPE = "holiday.changed";
    private static final String TABLE = """
            CREATE TABLE IF NOT EXISTS outbox (place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                subject VARCHAR(36) NOT NULL, number BIGINT NOT NULL, headers CLOB NOT NULL, content CLOB NOT NULL,
                sent BOOLEAN NOT NULL DEFAULT FALSE, UNIQUE (subject, number))""";

    private Producer() {
    }

    public static void main(String[] words) throws Exception {
        Options options = new Options(words);
        try (Connection outbox = DriverManager.getConnection(options.get("outbox", "jdbc:h2:./district-outbox"))) {
            outbox.createStatement().execute(TABLE);
            outbox.setAutoCommit(false);
            String notice = options.get("notice", null);
            if (notice != null) {
                record(outbox, options.need("communities").split(","), JSON.readTree(new File(notice)));
            }
            System.out.println(send(outbox, options) + " events sent");
        }
    }

    /** One event for each community, in one transaction. */
    private static void record(Connection outbox, String[] communities, JsonNode notice)
            throws SQLException, IOException {
        for (String community : communities) {
            // The same id whenever this notice is passed on to this community.
            String subject = UUID.nameUUIDFromBytes((notice.get("name").asText() + "/" + community)
                    .getBytes(StandardCharsets.UTF_8)).toString();
            long number = 1 + (Long) Sql.rows(outbox, "SELECT coalesce(max(number), 0) FROM outbox WHERE subject = ?",
                    subject).get(0)[0];
            ObjectNode content = JSON.createObjectNode().put("notice", subject);
            for (String field : new String[] {"year", "holidays", "workdays"}) {
                content.set(field, notice.get(field));
            }
            Sql.run(outbox, "INSERT INTO outbox (subject, number, headers, content) VALUES (?, ?, ?, ?)", subject,
                    number, JSON.writeValueAsString(headers(subject, community, number)), content.toString());
        }
        outbox.commit();
    }

    private static Map<String, String> headers(String subject, String community, long number) {
        String id = UUID.randomUUID().toString();
        return Map.ofEntries(
                Map.entry("content-type", "application/json"),
                Map.entry("ce_specversion", "1.0"),
                Map.entry("ce_id", id),
                Map.entry("ce_source", "urn:example:district"),
                Map.entry("ce_type", TYPE),
                Map.entry("ce_time", OffsetDateTime.now(ZoneOffset.UTC).toString()),
                Map.entry("ce_subject", subject),
                Map.entry("ce_dataschema", "urn:longxi:event:" + TYPE + ":v1"),
                Map.entry("ce_tenant", community),
                Map.entry("ce_sequence", Long.toString(number)),
                Map.entry("ce_correlation", id));
    }

    private static int send(Connection outbox, Options options) throws Exception {
        Properties properties = options.access();
        properties.put("acks", "all");
        properties.put("enable.idempotence", "true");
        int sent = 0;
        try (KafkaProducer<String, byte[]> producer =
                new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer())) {
            for (Object[] row : Sql.rows(outbox,
                    "SELECT place, subject, headers, content FROM outbox WHERE NOT sent ORDER BY place")) {
                // The key is the subject, so that its events stay in order.
                ProducerRecord<String, byte[]> record = new ProducerRecord<>(options.get("topic", "district.events"),
                        (String) row[1], ((String) row[3]).getBytes(StandardCharsets.UTF_8));
                JSON.readTree((String) row[2]).fields().forEachRemaining(header -> record.headers()
                        .add(header.getKey(), header.getValue().asText().getBytes(StandardCharsets.UTF_8)));
                producer.send(record).get();
                Sql.run(outbox, "UPDATE outbox SET sent = TRUE WHERE place = ?", row[0]);
                outbox.commit();
                sent++;
            }
        }
        return sent;
    }
}
