package district;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/** What stands on the command line, `--name value`, the same names as in the Python example. */
final class Options {
    private final Map<String, String> given = new HashMap<>();

    Options(String[] words) {
        if (words.length % 2 != 0) {
            throw new IllegalArgumentException("options come as --name value");
        }
        for (int place = 0; place < words.length; place += 2) {
            given.put(words[place].replaceFirst("^--", ""), words[place + 1]);
        }
    }

    String get(String name, String otherwise) {
        return given.getOrDefault(name, otherwise);
    }

    String need(String name) {
        String value = given.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }

    /** How the brokers are reached: from outside sasl_ssl with SCRAM-SHA-512 and the certificate of their authority. */
    Properties access() throws IOException {
        Properties access = new Properties();
        String security = get("security", "plaintext");
        access.put("bootstrap.servers", need("bootstrap-servers"));
        access.put("security.protocol", security.toUpperCase());
        if (security.startsWith("sasl")) {
            access.put("sasl.mechanism", "SCRAM-SHA-512");
            access.put("sasl.jaas.config", String.format(
                    "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";",
                    need("username"), Files.readString(Path.of(need("password-file"))).strip()));
        }
        if (security.endsWith("ssl") && given.containsKey("ca")) {
            access.put("ssl.truststore.type", "PEM");
            access.put("ssl.truststore.location", need("ca"));
        }
        return access;
    }
}
