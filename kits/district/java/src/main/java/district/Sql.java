package district;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Statements with values in them. */
final class Sql {
    static final String TABLES = """
            CREATE TABLE IF NOT EXISTS stream (topic VARCHAR(100), subject VARCHAR(36), number BIGINT NOT NULL,
                PRIMARY KEY (topic, subject));
            CREATE TABLE IF NOT EXISTS applied (place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                id VARCHAR(36) NOT NULL UNIQUE, topic VARCHAR(100), subject VARCHAR(36), number BIGINT, type VARCHAR(100));
            CREATE TABLE IF NOT EXISTS waiting (topic VARCHAR(100), subject VARCHAR(36), number BIGINT, event CLOB NOT NULL,
                PRIMARY KEY (topic, subject, number));
            CREATE TABLE IF NOT EXISTS missing (topic VARCHAR(100), subject VARCHAR(36), first_number BIGINT,
                last_number BIGINT, still_open BOOLEAN NOT NULL, asked INT NOT NULL, next_ask BIGINT NOT NULL,
                PRIMARY KEY (topic, subject, first_number, last_number));
            CREATE TABLE IF NOT EXISTS refused (topic VARCHAR(100), whose VARCHAR(100), number BIGINT,
                reason VARCHAR(300), PRIMARY KEY (topic, whose, number));
            CREATE TABLE IF NOT EXISTS request (request VARCHAR(36) PRIMARY KEY, tenant VARCHAR(31) NOT NULL,
                state VARCHAR(20) NOT NULL, due VARCHAR(40), moves INT NOT NULL);
            """;

    private Sql() {
    }

    static int run(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = prepared(connection, sql, values)) {
            return statement.executeUpdate();
        }
    }

    static List<Object[]> rows(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = prepared(connection, sql, values);
                ResultSet found = statement.executeQuery()) {
            List<Object[]> rows = new ArrayList<>();
            int columns = found.getMetaData().getColumnCount();
            while (found.next()) {
                Object[] row = new Object[columns];
                for (int place = 0; place < columns; place++) {
                    Object value = found.getObject(place + 1);
                    row[place] = value instanceof java.sql.Clob ? found.getString(place + 1) : value;
                }
                rows.add(row);
            }
            return rows;
        }
    }

    private static PreparedStatement prepared(Connection connection, String sql, Object... values) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int place = 0; place < values.length; place++) {
            statement.setObject(place + 1, values[place]);
        }
        return statement;
    }
}
