package highwater.conformance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON in the order in which it was put together; one case a line, so that a new recording shows as a readable diff. */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, false);

    private Json() {
    }

    /** Keys and values in turn. */
    static Map<String, Object> map(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    static String text(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A head of facts about the recording, then lists of entries, one entry a line. */
    static void write(Path file, Map<String, Object> head, Map<String, ?> lists) {
        StringBuilder out = new StringBuilder("{");
        head.forEach((key, value) -> out.append("\n").append(text(key)).append(": ").append(text(value)).append(","));
        lists.forEach((name, entries) -> {
            out.append("\n").append(text(name)).append(": [");
            for (Object entry : (List<?>) entries) {
                out.append("\n").append(text(entry)).append(",");
            }
            dropComma(out);
            out.append("],");
        });
        dropComma(out);
        out.append("\n}\n");
        try {
            Files.createDirectories(file.getParent());
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(fresh, out);
            Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void dropComma(StringBuilder out) {
        if (out.charAt(out.length() - 1) == ',') {
            out.setLength(out.length() - 1);
        }
    }
}
