package district;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;

/**
 * What this example does with events: it keeps the state of every request. Put your own in its place. Runs in the
 * inbox's transaction, once for each event, in the order of the subject.
 */
final class Effects {
    private static final int NEWEST_VERSION = 1;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, String> STATES = Map.of(
            "request.filed", "filed",
            "request.accepted", "accepted",
            "request.rejected", "rejected",
            "request.duplicated", "duplicate",
            "request.withdrawn", "withdrawn",
            "request.reworked", "rework",
            "request.redispatched", "dispatched",
            "request.closed", "closed",
            "request.reopened", "reopened",
            "request.rated", "rated");

    /** The data lacks what its contract promises. */
    static final class BadData extends Exception {
        BadData(String why) {
            super(why);
        }
    }

    private Effects() {
    }

    /** Whether this program knows what the event says. */
    static boolean understood(Event event) {
        return STATES.containsKey(event.type()) && event.version() <= NEWEST_VERSION;
    }

    /** Before anything is written. */
    static JsonNode checked(Event event) throws BadData {
        try {
            JsonNode data = JSON.readTree(event.data());
            if (data == null || !event.subject().equals(data.path("request").asText())) {
                throw new BadData("request is not the event's subject");
            }
            return data;
        } catch (JsonProcessingException wrong) {
            throw new BadData("the data is no JSON");
        }
    }

    static void apply(Connection connection, Event event, JsonNode data) throws SQLException {
        String state = STATES.get(event.type());
        String due = data.hasNonNull("due") ? data.get("due").asText() : null;
        int changed = Sql.run(connection,
                "UPDATE request SET state = ?, due = coalesce(?, due), moves = moves + 1 WHERE request = ?",
                state, due, event.subject());
        if (changed == 0) {
            Sql.run(connection, "INSERT INTO request (request, tenant, state, due, moves) VALUES (?, ?, ?, ?, 1)",
                    event.subject(), event.tenant(), state, due);
        }
    }
}
