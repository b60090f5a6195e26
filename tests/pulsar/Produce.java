import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.AuthenticationFactory;
import org.apache.pulsar.client.api.Producer;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.TypedMessageBuilder;

/** Sends what no WebSocket producer can: null values, byte keys, megabytes in chunks.
 *
 * Arguments: URL TOKEN TOPIC BATCHED. Each line of the input: PAYLOAD KEY, in base64, "-" for null.
 */
public class Produce {
    public static void main(String[] args) throws Exception {
        boolean batched = Boolean.parseBoolean(args[3]);
        PulsarClient client = PulsarClient.builder().serviceUrl(args[0])
                .authentication(AuthenticationFactory.token(args[1])).build();
        Producer<byte[]> producer = client.newProducer().topic(args[2]).enableBatching(batched)
                .enableChunking(!batched)
                .batchingMaxMessages(100000).batchingMaxPublishDelay(60, TimeUnit.SECONDS).create();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        List<CompletableFuture<?>> sent = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split(" ");
            TypedMessageBuilder<byte[]> message = producer.newMessage().value(bytes(parts[0]));
            if (!parts[1].equals("-")) {
                message.keyBytes(bytes(parts[1]));
            }
            sent.add(message.sendAsync());
        }
        producer.flush();
        for (CompletableFuture<?> each : sent) {
            each.get();
        }
        client.close();
    }

    private static byte[] bytes(String text) {
        return text.equals("-") ? null : Base64.getDecoder().decode(text.equals("=") ? "" : text);
    }
}
