package district;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads Longxi's topics, applies each event once and in order, and asks for what is missing. Stop it in any way at any
 * time and start it again: it goes on where it was.
 */
public final class Consumer {
    private static final Logger LOG = LoggerFactory.getLogger("district");
    private static final long[] PAUSES_MS = {1_000, 10_000, 60_000, 600_000, 3_600_000};
    private final Connection connection;
    private final Inbox inbox;
    private final Path listing;
    private final Resending resending;
    private long listed;
    private int listedMissing;

    private Consumer(Connection connection, Path listing, Resending resending) {
        this.connection = connection;
        this.inbox = new Inbox(connection);
        this.listing = listing;
        this.resending = resending;
    }

    public static void main(String[] words) throws Exception {
        Options options = new Options(words);
        String api = options.get("api", null);
        String file = options.get("applied-file", null);
        Connection connection = DriverManager.getConnection(options.get("store", "jdbc:h2:./district"));
        connection.createStatement().execute(Sql.TABLES);
        connection.setAutoCommit(false);
        new Consumer(connection, file == null ? null : Path.of(file),
                api == null ? null : new Resending(api, Path.of(options.need("token-file")))).run(options);
    }

    private void run(Options options) throws IOException, SQLException {
        Properties properties = options.access();
        properties.put("group.id", options.get("group", "district-example-java")); // has to begin with district-
        // Offsets are committed by hand, after the batch is in the database.
        properties.put("enable.auto.commit", "false");
        // A group that is new reads all that the topics still hold.
        properties.put("auto.offset.reset", "earliest");
        inbox.resume();
        connection.commit();
        if (listing != null) {
            Files.deleteIfExists(listing);
            list();
        }
        KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join(10_000);
            } catch (InterruptedException ignored) {
                Thread.currentThread().interrupt();
            }
        }));
        try (consumer) {
            List<String> topics = List.of(options.get("topics", "intake.events").split(","));
            consumer.subscribe(topics);
            LOG.info("reading {} as group {}", topics, properties.get("group.id"));
            while (true) {
                ConsumerRecords<String, byte[]> records = consumer.poll(Duration.ofMillis(500));
                if (!records.isEmpty()) {
                    take(records);
                    try {
                        consumer.commitSync();
                    } catch (CommitFailedException elsewhere) {
                        // The partition went to another member, which takes the records again and drops them.
                        LOG.info("another member goes on with a partition");
                    }
                }
                ask();
            }
        } catch (WakeupException stop) {
            LOG.info("stopped");
        }
    }

    private void take(ConsumerRecords<String, byte[]> records) throws SQLException, IOException {
        try {
            inbox.take(records);
            connection.commit();
        } catch (SQLException | RuntimeException failure) {
            connection.rollback();
            throw failure;
        }
        list();
    }

    /** A few questions at a time: ten that are not answered (20 s each) are less than max.poll.interval.ms. */
    private void ask() throws SQLException {
        if (resending == null) {
            return;
        }
        List<Object[]> due = Sql.rows(connection, "SELECT topic, subject, first_number, last_number, asked FROM missing"
                + " WHERE still_open AND next_ask <= ? ORDER BY next_ask LIMIT 10", System.currentTimeMillis() - PAUSES_MS[0]);
        for (Object[] row : due) {
            String topic = (String) row[0];
            String subject = (String) row[1];
            long first = (Long) row[2];
            long last = (Long) row[3];
            int coming = -1;
            try {
                coming = resending.ask(topic, subject, first, last);
                LOG.info("{} of {}, {} to {}: asked for, {} will come", topic, subject, first, last, coming);
            } catch (IOException failure) {
                LOG.warn("{} of {}, {} to {}: {}", topic, subject, first, last, failure.getMessage());
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                return;
            }
            long pause = PAUSES_MS[Math.min((Integer) row[4] + 1, PAUSES_MS.length - 1)];
            Sql.run(connection, "UPDATE missing SET asked = asked + 1, next_ask = ? WHERE topic = ? AND subject = ?"
                    + " AND first_number = ? AND last_number = ?", System.currentTimeMillis() + pause, topic, subject,
                    first, last);
            if (coming == 0 && first == 1) {
                // Older than what Longxi keeps: a new reader can only begin in the middle.
                inbox.beginAt(topic, subject, last);
            }
        }
        connection.commit();
    }

    /** Says in a file what was applied, as the test kit asks for it. */
    private void list() throws SQLException, IOException {
        if (listing == null) {
            return;
        }
        StringBuilder lines = new StringBuilder();
        for (Object[] row : Sql.rows(connection,
                "SELECT place, id, subject, number FROM applied WHERE place > ? ORDER BY place", listed)) {
            lines.append(String.format("{\"id\": \"%s\", \"subject\": \"%s\", \"sequence\": %d}%n", row[1], row[2], row[3]));
            listed = (Long) row[0];
        }
        List<Object[]> missing = Sql.rows(connection, "SELECT subject, first_number, last_number FROM missing");
        if (missing.size() > listedMissing) {
            for (Object[] row : missing) {
                lines.append(String.format("{\"missing\": {\"subject\": \"%s\", \"from\": %d, \"to\": %d}}%n",
                        row[0], row[1], row[2]));
            }
            listedMissing = missing.size();
        }
        connection.commit();
        Files.writeString(listing, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
