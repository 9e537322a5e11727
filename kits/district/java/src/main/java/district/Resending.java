package district;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Asks Longxi to send a range of events again: POST /{service}/v1/operations/replay, with a token of role district. */
final class Resending {
    private static final ObjectMapper JSON = new ObjectMapper();
    // Without the version it offers to upgrade plain http to HTTP/2, which not every server takes well.
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10)).build();
    private final String api;
    private final Path tokenFile;

    Resending(String api, Path tokenFile) {
        this.api = api.replaceAll("/+$", "");
        this.tokenFile = tokenFile;
    }

    /** How many events the owner of the topic still has and will send. */
    int ask(String topic, String subject, long first, long last) throws IOException, InterruptedException {
        String service = topic.substring(0, topic.indexOf('.'));
        String selection = JSON.writeValueAsString(Map.of(
                "topic", topic, "aggregate", subject, "from_sequence", first, "to_sequence", last));
        HttpRequest request = HttpRequest.newBuilder(URI.create(api + "/" + service + "/v1/operations/replay"))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer " + Files.readString(tokenFile).strip())
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(selection)).build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 202) {
            throw new IOException(answer.statusCode() + " " + answer.body());
        }
        return JSON.readTree(answer.body()).get("events").asInt();
    }
}
