package district;

import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * An event: CloudEvents 1.0 in Kafka's binary mode. Attributes are ce_ headers, the record's value is the data.
 *
 * @param version   of the data's schema, from ce_dataschema
 * @param subject   the aggregate: what the event is about, and the record's key
 * @param tenant    the community
 * @param sequence  counts the events of this subject in this topic, from 1 and without gaps
 * @param replayFor set where it was sent again for one service of Longxi's alone
 */
record Event(String topic, String id, String type, int version, String subject, String tenant, long sequence,
             String data, String replayFor) {

    private static final Pattern VERSION = Pattern.compile(":v([1-9][0-9]{0,4})$");

    /** The record is no event of Longxi's. */
    static final class Unreadable extends Exception {
        Unreadable(String why) {
            super(why);
        }
    }

    /** Headers that are not known are ignored, as fields are. */
    static Event read(ConsumerRecord<String, byte[]> record) throws Unreadable {
        if (!"1.0".equals(text(record, "ce_specversion"))) {
            throw new Unreadable("ce_specversion is not 1.0");
        }
        String sequence = text(record, "ce_sequence");
        if (!sequence.matches("[0-9]{1,18}") || Long.parseLong(sequence) == 0) {
            throw new Unreadable("ce_sequence is not a whole number from 1");
        }
        Matcher version = VERSION.matcher(optional(record, "ce_dataschema", ""));
        byte[] value = record.value();
        return new Event(record.topic(), id(record, "ce_id"), text(record, "ce_type"),
                version.find() ? Integer.parseInt(version.group(1)) : 1, id(record, "ce_subject"),
                text(record, "ce_tenant"), Long.parseLong(sequence),
                value == null ? "" : new String(value, StandardCharsets.UTF_8),
                optional(record, "ce_replayfor", null));
    }

    private static String text(ConsumerRecord<String, byte[]> record, String name) throws Unreadable {
        String value = optional(record, name, null);
        if (value == null) {
            throw new Unreadable("no header " + name);
        }
        return value;
    }

    private static String optional(ConsumerRecord<String, byte[]> record, String name, String otherwise) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null
                ? otherwise : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static String id(ConsumerRecord<String, byte[]> record, String name) throws Unreadable {
        try {
            return UUID.fromString(text(record, name)).toString();
        } catch (IllegalArgumentException wrong) {
            throw new Unreadable(name + " is not a UUID");
        }
    }
}
