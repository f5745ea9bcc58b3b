// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors
//
// The whole life of a key, with the fetch of Node 18 or newer.
//
//     node node_fetch.mjs http://127.0.0.1:8080

import { randomUUID } from "node:crypto";

const gateway = process.argv[2].replace(/\/$/, "");
const prefix = `example:${randomUUID()}:`; // so that two runs do not meet
const unicodeKey = "ключ-鍵-🗝";
const oddKey = "50%/a+b?c#d";
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
let checks = 0;

function send(method, key, { end = "", headers = {}, body } = {}) {
  // A key is one path segment: its slashes are encoded, too.
  const url = `${gateway}/keys/${encodeURIComponent(prefix + key)}${end}`;
  return fetch(url, { method, headers, body, signal: AbortSignal.timeout(5000) });
}

// For bodies that are the JSON form; any other body is the value itself.
function json(value) {
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}

// The value's bytes, or null when no tier has the key: 404 is a miss, any other failure is thrown.
async function read(key) {
  const response = await send("GET", key, { headers: { Accept: "application/octet-stream" } });
  if (response.status === 404) return null;
  if (!response.ok) throw Object.assign(new Error(await response.text()), { status: response.status });
  return Buffer.from(await response.arrayBuffer());
}

async function item(key) {
  return (await send("GET", key)).json();
}

function check(what, got, expected) {
  if (got !== expected) throw new Error(`${what}: got ${got}, expected ${expected}`);
  checks += 1;
  console.log(`${what}: ${got}`);
}

async function oneItem() {
  let response = await send("PUT", "user", json({ value: "Ada", flags: 7, ttl: 300 }));
  check("put as JSON", response.status, 204);
  const { value, flags } = await item("user");
  check("get as JSON, with its flags", `${value} ${flags}`, "Ada 7");
  check("get the bare bytes", (await read("user")).toString(), "Ada");
  // The ETag stands for the item as it was read: with it, PUT is compare-and-swap.
  const unchanged = { "If-Match": (await send("GET", "user")).headers.get("ETag") };
  response = await send("PUT", "user", { headers: unchanged, body: "Grace" });
  check("cas with the ETag", response.status, 204);
  response = await send("PUT", "user", { headers: unchanged, body: "Alan" });
  check("cas with the old ETag", `${response.status} ${(await response.json()).reason}`, "412 changed");
  const none = { "If-None-Match": "*" };
  response = await send("PUT", "user", { headers: none, body: "Alan" });
  check("add what is there", `${response.status} ${(await response.json()).reason}`, "412 exists");
  response = await send("PUT", "other", { headers: none, body: "new" });
  check("add what is not there", response.status, 201);
}

async function changeInPlace() {
  // Counters are strings, since a number above 2^53 would lose digits here.
  let response = await send("POST", "visits", { end: "/incr", ...json({ delta: 5, initial: 10 }) });
  check("incr creates", `${response.status} ${(await response.json()).value}`, "201 10");
  response = await send("POST", "visits", { end: "/incr", ...json({ delta: 5 }) });
  check("incr adds", `${response.status} ${(await response.json()).value}`, "200 15");
  check("append", (await send("POST", "user", { end: "/append", body: " Hopper" })).status, 204);
  check("touch", (await send("POST", "user", { end: "/touch?ttl=600" })).status, 204);
  const { value, ttl } = await item("user");
  check("what became of it", `${value}, ${Math.round(ttl / 60)} minutes`, "Grace Hopper, 10 minutes");
}

async function batch(...operations) {
  const options = { method: "POST", ...json({ operations }), signal: AbortSignal.timeout(5000) };
  const response = await fetch(`${gateway}/batch`, options);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()).results.map((result) => result.status);
}

async function manyAtOnce() {
  const statuses = await batch(
    { op: "set", key: prefix + "other", value: "batched" },
    { op: "get", key: prefix + "other" },
    { op: "add", key: prefix + "other", value: "too late" },
    { op: "delete", key: prefix + "nothing" },
  );
  check("batch", statuses.join(" "), "204 200 412 404");
  const query = new URLSearchParams(["user", "other", "nothing"].map((name) => ["key", prefix + name]));
  const answer = await (await fetch(`${gateway}/keys?${query}`)).json();
  const counts = ["items", "missing", "errors"].map((name) => `${answer[name].length} ${name}`);
  check("multi-get", counts.join(", "), "2 items, 1 missing, 0 errors");
}

async function missesAndErrors() {
  check("delete", (await send("DELETE", "user")).status, 204);
  check("a miss is no error", (await read("user")) ?? "nothing", "nothing");
  const status = await read("a key with spaces").catch((error) => error.status);
  check("an error is no miss", status, 400);
}

async function anyBytesAndAnyKey() {
  const same = (bytes) => (everyByte.equals(bytes) ? "the same" : "others");
  check("put every byte", (await send("PUT", "bytes", { body: everyByte })).status, 204);
  check("get them", same(await read("bytes")), "the same");
  const { value, encoding } = await item("bytes");
  check("get them in JSON", `${encoding}, ${same(Buffer.from(value, "base64"))}`, "base64, the same");
  const { status } = await send("PUT", "bytes", json({ value, encoding }));
  check("put them in JSON", `${status}, ${same(await read("bytes"))}`, "204, the same");
  for (const key of [unicodeKey, oddKey]) {
    check("put", (await send("PUT", key, { body: "x" })).status, 204);
    check("its key", (await item(key)).key.slice(prefix.length), key);
  }
}

try {
  await oneItem();
  await changeInPlace();
  await manyAtOnce();
  await missesAndErrors();
  await anyBytesAndAnyKey();
} finally {
  const names = ["user", "other", "visits", "bytes", unicodeKey, oddKey];
  await batch(...names.map((name) => ({ op: "delete", key: prefix + name })));
}
console.log(`${checks} checks passed`);
