package district;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Once in effect, in order, and no gap passed over. Of each subject in each topic one number is kept, the last that was
 * applied. An event up to it is dropped; the next one is applied, and with it whatever waited for it; one further on
 * waits, and the numbers in between are missing and are asked for. All of it happens in the caller's transaction.
 */
final class Inbox {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final Connection connection;

    Inbox(Connection connection) {
        this.connection = connection;
    }

    void take(Iterable<ConsumerRecord<String, byte[]>> records) throws SQLException {
        for (ConsumerRecord<String, byte[]> record : records) {
            try {
                Event event = Event.read(record);
                if (event.replayFor() == null) { // else it was sent again for a service of Longxi's
                    take(event);
                }
            } catch (Event.Unreadable wrong) {
                // Nobody can say whose it is, so it holds up nobody. Look at this table now and then.
                refuse(record.topic(), "partition " + record.partition(), record.offset(), wrong.getMessage());
            }
        }
    }

    /** At the start: try again what stood still for data that could not be read; the program may be a newer one now. */
    void resume() throws SQLException {
        for (Object[] row : Sql.rows(connection, "SELECT w.topic, w.subject FROM waiting w JOIN stream s"
                + " ON s.topic = w.topic AND s.subject = w.subject WHERE w.number = s.number + 1")) {
            goOn((String) row[0], (String) row[1]);
        }
    }

    /** The owner no longer has the numbers up to this one: do without them. */
    void beginAt(String topic, String subject, long last) throws SQLException {
        if (last(topic, subject) < last) {
            advance(topic, subject, last);
            goOn(topic, subject);
        }
    }

    private void take(Event event) throws SQLException {
        if (event.sequence() <= last(event.topic(), event.subject())) {
            return;
        }
        // Kept first in any case: where it can be applied, `goOn` takes it out again.
        if (Sql.rows(connection, "SELECT 1 FROM waiting WHERE topic = ? AND subject = ? AND number = ?",
                event.topic(), event.subject(), event.sequence()).isEmpty()) {
            Sql.run(connection, "INSERT INTO waiting (topic, subject, number, event) VALUES (?, ?, ?, ?)",
                    event.topic(), event.subject(), event.sequence(), text(event));
        }
        goOn(event.topic(), event.subject());
    }

    /** Apply what is next, as long as it is there, then note what is missing. */
    private void goOn(String topic, String subject) throws SQLException {
        long last = last(topic, subject);
        while (true) {
            List<Object[]> found = Sql.rows(connection,
                    "SELECT event FROM waiting WHERE topic = ? AND subject = ? AND number = ?", topic, subject, last + 1);
            if (found.isEmpty() || !apply(event((String) found.get(0)[0]))) {
                break;
            }
            last++;
            advance(topic, subject, last);
        }
        Sql.run(connection, "DELETE FROM waiting WHERE topic = ? AND subject = ? AND number <= ?", topic, subject, last);
        noteMissing(topic, subject, last);
    }

    /** False where its data cannot be read: the subject then stands still until somebody has looked at it. */
    private boolean apply(Event event) throws SQLException {
        if (!Effects.understood(event)) {
            return true; // a type or version that this program does not know: its number is used up, nothing else
        }
        JsonNode data;
        try {
            data = Effects.checked(event);
        } catch (Effects.BadData wrong) {
            refuse(event.topic(), event.subject(), event.sequence(), wrong.getMessage());
            return false;
        }
        if (Sql.rows(connection, "SELECT 1 FROM applied WHERE id = ?", event.id()).isEmpty()) {
            Sql.run(connection, "INSERT INTO applied (id, topic, subject, number, type) VALUES (?, ?, ?, ?, ?)",
                    event.id(), event.topic(), event.subject(), event.sequence(), event.type());
            Effects.apply(connection, event, data);
        } // else its owner numbered it anew, as after a restore
        return true;
    }

    private void noteMissing(String topic, String subject, long last) throws SQLException {
        Sql.run(connection, "UPDATE missing SET still_open = FALSE WHERE topic = ? AND subject = ?", topic, subject);
        long following = last + 1;
        for (Object[] row : Sql.rows(connection,
                "SELECT number FROM waiting WHERE topic = ? AND subject = ? AND number > ? ORDER BY number",
                topic, subject, last)) {
            long number = (Long) row[0];
            if (number > following) {
                open(topic, subject, following, number - 1);
            }
            following = number + 1;
        }
    }

    private void open(String topic, String subject, long first, long last) throws SQLException {
        int known = Sql.run(connection, "UPDATE missing SET still_open = TRUE WHERE topic = ? AND subject = ?"
                + " AND first_number = ? AND last_number = ?", topic, subject, first, last);
        if (known == 0) {
            Sql.run(connection, "INSERT INTO missing VALUES (?, ?, ?, ?, TRUE, 0, ?)", topic, subject, first, last,
                    System.currentTimeMillis());
        }
    }

    private long last(String topic, String subject) throws SQLException {
        List<Object[]> found = Sql.rows(connection,
                "SELECT number FROM stream WHERE topic = ? AND subject = ? FOR UPDATE", topic, subject);
        if (found.isEmpty()) {
            Sql.run(connection, "INSERT INTO stream (topic, subject, number) VALUES (?, ?, 0)", topic, subject);
            return 0;
        }
        return (Long) found.get(0)[0];
    }

    private void advance(String topic, String subject, long last) throws SQLException {
        Sql.run(connection, "UPDATE stream SET number = ? WHERE topic = ? AND subject = ?", last, topic, subject);
    }

    private void refuse(String topic, String whose, long number, String reason) throws SQLException {
        if (Sql.rows(connection, "SELECT 1 FROM refused WHERE topic = ? AND whose = ? AND number = ?",
                topic, whose, number).isEmpty()) {
            Sql.run(connection, "INSERT INTO refused (topic, whose, number, reason) VALUES (?, ?, ?, ?)",
                    topic, whose, number, reason);
        }
    }

    private static String text(Event event) {
        try {
            return JSON.writeValueAsString(event);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Event event(String text) {
        try {
            return JSON.readValue(text, Event.class);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
