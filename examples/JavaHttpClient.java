// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors
//
// The whole life of a key, with the HttpClient of Java 17 or newer:
//
//     java JavaHttpClient.java http://127.0.0.1:8080

import static java.net.http.HttpRequest.BodyPublishers.*;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.*;
import java.net.*;
import java.net.http.*;
import java.time.Duration;
import java.util.*;
import java.util.regex.Pattern;
import java.util.stream.*;

public class JavaHttpClient {
  static final String PREFIX = "example:" + UUID.randomUUID() + ":"; // so that two runs do not meet
  // Escaped, since Java 17 reads this file, and prints, in the encoding of the terminal.
  static final String UNICODE_KEY = "\u043a\u043b\u044e\u0447-\u9375-\ud83d\udddd", ODD_KEY = "50%/a+b?c#d";
  static final PrintStream out = new PrintStream(System.out, true, UTF_8);
  static final HttpClient client = HttpClient.newHttpClient();
  static String gateway;
  static int checks = 0;

  record Answer(int status, HttpHeaders headers, byte[] body) {
    String text() { return new String(body, UTF_8); }

    String statusAnd(String name) { return status + " " + member(name); }

    /** What a member of the JSON object holds. Enough for this program: take a JSON library for yours. */
    String member(String name) {
      var match = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(text());
      return match.find() ? match.group(1).replace("\\/", "/") : "";
    }
  }

  /** `headers` are names and values in turn. */
  static Answer send(String method, String target, HttpRequest.BodyPublisher body, String... headers)
      throws Exception {
    var request = HttpRequest.newBuilder(URI.create(gateway + target)).timeout(Duration.ofSeconds(5));
    if (headers.length > 0) request.headers(headers);
    var response = client.send(request.method(method, body).build(), HttpResponse.BodyHandlers.ofByteArray());
    return new Answer(response.statusCode(), response.headers(), response.body());
  }

  static Answer sendJSON(String method, String target, String json) throws Exception {
    return send(method, target, ofString(json), "Content-Type", "application/json");
  }

  static Answer get(String key) throws Exception { return send("GET", path(key), noBody()); }

  static Answer put(String key, String value, String... headers) throws Exception {
    return send("PUT", path(key), ofString(value), headers);
  }

  static String path(String key) { return "/keys/" + encoded(key); }

  /** URLEncoder is for forms: it encodes a slash, as is right here, but makes a plus of a space. */
  static String encoded(String key) { return URLEncoder.encode(PREFIX + key, UTF_8).replace("+", "%20"); }

  /** The value's bytes, or null when no tier has the key: 404 is a miss, any other failure is thrown. */
  static byte[] read(String key) throws Exception {
    var answer = send("GET", path(key), noBody(), "Accept", "application/octet-stream");
    if (answer.status() == 404) return null;
    if (answer.status() != 200) throw new IOException(answer.statusAnd("detail"));
    return answer.body();
  }

  static void check(String what, Object got, Object expected) {
    if (!expected.equals(got)) throw new IllegalStateException(what + ": " + got + ", expected " + expected);
    checks += 1;
    out.println(what + ": " + got);
  }

  static void oneItem() throws Exception {
    var answer = sendJSON("PUT", path("user"), "{\"value\":\"Ada\",\"flags\":7,\"ttl\":300}");
    check("put as JSON", answer.status(), 204);
    answer = get("user");
    check("get as JSON, with its flags", answer.member("value") + " " + answer.member("flags"), "Ada 7");
    check("get the bare bytes", new String(read("user"), UTF_8), "Ada");
    // The ETag stands for the item as it was read: with it, PUT is compare-and-swap.
    String[] unchanged = {"If-Match", answer.headers().firstValue("ETag").orElseThrow()};
    check("cas with the ETag", put("user", "Grace", unchanged).status(), 204);
    check("cas with the old ETag", put("user", "Alan", unchanged).statusAnd("reason"), "412 changed");
    String[] none = {"If-None-Match", "*"};
    check("add what is there", put("user", "Alan", none).statusAnd("reason"), "412 exists");
    check("add what is not there", put("other", "new", none).status(), 201);
  }

  static void changeInPlace() throws Exception {
    // Counters are strings: many JSON parsers lose digits of numbers above 2^53.
    var created = sendJSON("POST", path("visits") + "/incr", "{\"delta\":5,\"initial\":10}");
    check("incr creates", created.statusAnd("value"), "201 10");
    var added = sendJSON("POST", path("visits") + "/incr", "{\"delta\":5}");
    check("incr adds", added.statusAnd("value"), "200 15");
    check("append", send("POST", path("user") + "/append", ofString(" Hopper")).status(), 204);
    check("touch", send("POST", path("user") + "/touch?ttl=600", noBody()).status(), 204);
    var minutes = Math.round(Integer.parseInt(get("user").member("ttl")) / 60.0);
    var text = get("user").member("value") + ", " + minutes + " minutes";
    check("what became of it", text, "Grace Hopper, 10 minutes");
  }

  static void manyAtOnce() throws Exception {
    var operations = """
        {"operations": [
          {"op": "set", "key": "PREFIX:other", "value": "batched"}, {"op": "get", "key": "PREFIX:other"},
          {"op": "add", "key": "PREFIX:other", "value": "too late"}, {"op": "delete", "key": "PREFIX:nothing"}
        ]}""".replace("PREFIX:", PREFIX);
    // A problem within a result has its status, too.
    var results = sendJSON("POST", "/batch", operations).text().replaceAll("\"problem\":\\{[^}]*}", "");
    var statuses = Pattern.compile("\"status\":([0-9]+)").matcher(results).results();
    check("batch", statuses.map(one -> one.group(1)).collect(Collectors.joining(" ")), "204 200 412 404");
    var keys = Stream.of("user", "other", "nothing").map(key -> "key=" + encoded(key));
    var answer = send("GET", "/keys?" + keys.collect(Collectors.joining("&")), noBody()).text();
    var counts = Stream.of("items", "missing", "errors").map(name -> {
      var list = answer.replaceFirst(".*\"" + name + "\":\\[([^]]*)].*", "$1");
      return list.split(PREFIX, -1).length - 1 + " " + name; // each element names its key once
    });
    check("multi-get", counts.collect(Collectors.joining(", ")), "2 items, 1 missing, 0 errors");
  }

  static void missesAndErrors() throws Exception {
    check("delete", send("DELETE", path("user"), noBody()).status(), 204);
    check("a miss is no error", read("user") == null ? "nothing" : "something", "nothing");
    try {
      check("an error is no miss", read("a key with spaces"), "an exception");
    } catch (IOException error) {
      check("an error is no miss", error.getMessage().substring(0, 3), "400");
    }
  }

  static void anyBytesAndAnyKey() throws Exception {
    var bytes = new byte[256];
    for (var index = 0; index < 256; index++) bytes[index] = (byte) index;
    var base64 = Base64.getEncoder().encodeToString(bytes);
    check("put every byte", send("PUT", path("bytes"), ofByteArray(bytes)).status(), 204);
    check("get them", Arrays.equals(read("bytes"), bytes) ? "the same" : "others", "the same");
    var item = get("bytes");
    var text = item.member("encoding") + ", " + (item.member("value").equals(base64) ? "the same" : "others");
    check("get them in JSON", text, "base64, the same");
    var json = "{\"value\":\"" + base64 + "\",\"encoding\":\"base64\"}";
    text = sendJSON("PUT", path("bytes"), json).status() + ", ";
    text += Arrays.equals(read("bytes"), bytes) ? "the same" : "others";
    check("put them in JSON", text, "204, the same");
    for (var key : List.of(UNICODE_KEY, ODD_KEY)) {
      check("put", put(key, "x").status(), 204);
      check("its key", get(key).member("key").substring(PREFIX.length()), key);
    }
  }

  public static void main(String[] arguments) throws Exception {
    gateway = arguments[0].replaceFirst("/$", "");
    try {
      oneItem();
      changeInPlace();
      manyAtOnce();
      missesAndErrors();
      anyBytesAndAnyKey();
    } finally {
      for (var key : List.of("user", "other", "visits", "bytes", UNICODE_KEY, ODD_KEY)) {
        send("DELETE", path(key), noBody());
      }
    }
    out.println(checks + " checks passed");
  }
}
