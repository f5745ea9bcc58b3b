// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Crossfade authors

// Written by scripts/embed-openapi from openapi.yaml. Change that file, then run the script.
// swift-format-ignore-file

/// The description of the HTTP interface, as `GET /openapi.yaml` gives it.
enum OpenAPIDocument {
  static let text = #"""
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
openapi: 3.1.0
info:
  title: Crossfade
  version: 0.1.0
  summary: HTTP in front of memcached clusters, with fallback from the new one to the older ones.
  description: |
    Reads look in the first tier (the *primary*, the new cluster) and then, on a miss or an error, in each
    older tier. A *hit* was found, a *miss* was looked for and not found; a tier that could not be asked is
    neither. An older tier that could not be asked is skipped and named in `Cache-Status`; if the primary
    could not be asked and no older tier has the key, the answer is 502, 503 or 504, and never 404. A hit in
    an older tier is copied to the primary after it has been answered, if the primary truly missed and never
    over what is there (`--backfill off` leaves that out).

    Writes go to the primary, once the copies in older tiers are gone, so that none of them shows again. An
    older tier that is down does not fail a write: its copy is *owed*, which means that it is not served from
    there and that its deletion is tried again until it succeeds (see `/stats`). This is the policy `strict`;
    under `mirror` set and touch are done in the older tiers too, and under `pymemcache` nothing but reads
    touches them. A write that failed in the primary may have deleted the copies in older tiers: `tiers` of its
    problem says what became of it in each. A set that failed in the primary and was done in an older tier, as
    `mirror` has it, can be read from there: its `outcome` is `unknown`. A write that was done while a copy
    stayed behind says so in `Cache-Status`: `old; detail=owed`.

    While an item is on its way from an older tier to the primary, writes of its key wait for that. If the
    primary hangs meanwhile, they are answered 504 when their time is up, with `outcome` `not-applied`.

    **Keys.** `{key}` is one path segment, percent-decoded once: `%2F` is a slash inside the key, `+` is a
    plus. A key is 1 to 250 bytes, none of them 0x00-0x20 or 0x7F; where the tiers' keys have a prefix
    (`--key-prefix`), so many fewer. Callers never see it.

    **Values** are bytes and come out as they went in. In JSON a value is a string, with
    `"encoding": "base64"` when its bytes are not UTF-8. `value`, counters and `cas` are strings, since many
    parsers lose digits of numbers above 2^53.

    **ttl** is whole seconds; 0 or absent means that the item never expires. The latest end that memcached can
    keep is 2038-01-19 03:14:07 UTC; a ttl that goes beyond it is answered 400.

    **Arguments** of counters and of touch are in the query or in a JSON body, not in both. Unknown query
    parameters and unknown JSON members are answered 400: a misspelt `ttl` must not become an item that
    lives for ever.

    **Limits.** A value has up to `--max-value-size` bytes (1 MiB), a multi-get and a batch up to `--max-keys`
    keys or operations (1000); a batch up to `--max-batch-size` bytes (8 MiB), and the values in the answer to
    either together not more than that. A body that is announced as too long is refused before it is sent.

    **Conditions.** `If-Match` and `If-None-Match` are those of RFC 9110 section 13, whole lists and weak tags
    included. A tag names an item in one form: those of its JSON and of its bytes differ, and any of them will
    do in `If-Match`. Where memcached cannot check a condition, the request is refused rather than done all
    the same.

    **Who may.** With `--tokens` each request but those for health, and OPTIONS, has a token:
    `Authorization: Bearer TOKEN`. Without one, or with one that is not known, it is answered 401; with one that
    does not have the right, or is for other keys, 403. A batch needs a token, and each of its operations the
    right that its own request would; what it does not have is 403 for itself, as is a key of a multi-get. What
    is copied to the primary for a reader (`promote`) needs the right to read. `POST /flush` needs a token for
    all keys.

    **How often.** With `--rate-limit` a client, which is an address or a token, may make so many requests a second,
    and `--rate-burst` at once; more are answered 429 with `Retry-After`. A batch is one request. Health and the
    admin listener are not limited.

    **Methods.** HEAD is answered wherever GET is, OPTIONS everywhere.

    **Who asked.** `instance` of a problem, which the log has too, is the request's own `X-Request-Id` where
    it has exactly one, of 1 to 128 visible ASCII characters, else an id of ours. The trace-id of a `traceparent`
    (W3C Trace Context) goes into the log; one that is malformed counts as none.

    **Pages of other origins** may use the data listener where `--cors-origin` lists them (CORS), without
    the browser's credentials; a token they send themselves. Answers then have `Access-Control-Allow-Origin` and
    `Access-Control-Expose-Headers`, and, if it is a list, `Vary: Origin` beside the other; OPTIONS answers
    preflights. The admin listener takes no part in that.

    **Errors** are `application/problem+json` (RFC 9457), or text when `Accept` likes that better. Each operation
    lists every status that it is answered with. What is asked of no operation is 404 (no such route), 405 with
    `Allow`, or 501 (a method that nobody knows, `TRACE` and `CONNECT` among them).

    **Accept and Content-Type** are not listed as parameters, since OpenAPI leaves that to the media types of
    answers and bodies: `Accept` chooses among those of an answer, the first is the default, `Content-Type` says
    which one a body is.

    **Time.** A request has one budget (`--operation-timeout`, or `Prefer: wait=N`), of which each tier that
    may still have to be asked gets an equal part; one that was stopped cannot use up the others'. Within
    it one node has its own timeout (`--node-timeout`). A node that cannot be connected to, or that lets
    `--eject-after` requests in a row run into that timeout, is *ejected*: what is for it fails at once,
    and its keys go to no other node, until a probe succeeds (see `/tiers`).

    **A write whose answer did not come** says so: `outcome` is `unknown` when bytes had left. Writes that
    are not idempotent are never tried twice.
  license:
    name: Apache-2.0
    identifier: Apache-2.0
servers:
  - url: http://127.0.0.1:8080
    description: The data listener (`--listen`), which has the paths that name no other
# Without --tokens nobody is asked who they are.
security:
  - bearer: []
  - {}
tags:
  - name: items
    description: One item, on the data listener.
  - name: counters
    description: Items whose value is a decimal number of 64 bits, on the data listener.
  - name: several items
    description: Many keys in one request, on the data listener.
  - name: health
    description: On both listeners.
  - name: admin
    description: On the admin listener (`--admin`), which is bound to loopback unless told otherwise.
paths:
  /keys/{key}:
    parameters:
      - $ref: '#/components/parameters/Key'
    get:
      operationId: getItem
      tags: [items]
      summary: Read an item through the tiers
      description: |
        JSON by default; the bare bytes for `Accept: application/octet-stream` or `text/plain`. A hit in an
        older tier has a weak ETag, which `If-Match` never matches (RFC 9110 section 13.1.1), so that a
        token of the old cluster cannot overwrite something on the new one.

        Who wants to write such an item by `If-Match` asks for it with `?promote=1`: it is added to the primary
        with its flags and the ttl that is left, read there, and answered with its strong ETag:
        `Cache-Status: old; hit; ttl=283, new; fwd=uri-miss; stored`. When that cannot be done the answer is
        the older tier's with its weak ETag, and the primary's member says why, as
        `new; fwd=uri-miss; detail=too-large`. The limits of backfill and `--backfill off` do not count here.
        Under `--policy pymemcache`, which copies nothing, it is answered 400. `Prefer: promote` asks for the
        same and is passed over where it cannot be.
      parameters:
        - name: promote
          in: query
          description: 1 brings what only an older tier has to the primary before it is answered.
          schema:
            type: integer
            enum: [0, 1]
            default: 0
          example: 1
        - $ref: '#/components/parameters/ReadIfMatch'
        - $ref: '#/components/parameters/ReadIfNoneMatch'
        - $ref: '#/components/parameters/PreferPromote'
      responses:
        '200':
          description: A hit.
          headers:
            ETag:
              $ref: '#/components/headers/ETag'
            Cache-Status:
              $ref: '#/components/headers/CacheStatus'
            Server-Timing:
              $ref: '#/components/headers/ServerTiming'
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
            Preference-Applied:
              $ref: '#/components/headers/PreferenceApplied'
            Memcached-Flags:
              $ref: '#/components/headers/MemcachedFlags'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Item'
              examples:
                text:
                  summary: A value that is UTF-8
                  value: {key: 'user:42', value: '{"name":"Ada"}', flags: 0, ttl: 283, cas: '1724', tier: new}
                bytes:
                  summary: A value that is not
                  value: {key: 'thumb:42', value: /9j/4AAQ, encoding: base64, flags: 1, ttl: null, cas: '1725', tier: old}
            application/octet-stream:
              schema:
                type: string
                contentMediaType: application/octet-stream
              example: hello
            text/plain:
              schema:
                type: string
              example: hello
          links:
            getItem:
              $ref: '#/components/links/getItem'
            putIfUnchanged:
              $ref: '#/components/links/putIfUnchanged'
            deleteItem:
              $ref: '#/components/links/deleteItem'
            deleteIfUnchanged:
              $ref: '#/components/links/deleteIfUnchanged'
            touchItem:
              $ref: '#/components/links/touchItem'
        '304':
          $ref: '#/components/responses/NotModified'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '412':
          $ref: '#/components/responses/PreconditionFailed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
    head:
      operationId: headItem
      tags: [items]
      summary: Read an item's headers
      description: |
        The headers of GET without a body. Changes nothing: it does not count as an access where the backend can
        look without one, nothing is copied to the primary, `?promote=1` is answered 400 and `Prefer: promote`
        passed over.
      parameters:
        - $ref: '#/components/parameters/ReadIfNoneMatch'
        - $ref: '#/components/parameters/ReadIfMatch'
        - $ref: '#/components/parameters/PreferWait'
      responses:
        '200':
          description: A hit.
          headers:
            ETag:
              $ref: '#/components/headers/ETag'
            Cache-Status:
              $ref: '#/components/headers/CacheStatus'
            Server-Timing:
              $ref: '#/components/headers/ServerTiming'
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
            Preference-Applied:
              $ref: '#/components/headers/PreferenceApplied'
            Memcached-Flags:
              $ref: '#/components/headers/MemcachedFlags'
            Content-Length:
              description: That of the body that GET would send.
              schema:
                type: integer
                minimum: 0
              example: 99
        '304':
          $ref: '#/components/responses/NotModified'
        '400':
          $ref: '#/components/responses/HeadProblem'
        '401':
          $ref: '#/components/responses/HeadUnauthorized'
        '403':
          $ref: '#/components/responses/HeadForbidden'
        '404':
          $ref: '#/components/responses/HeadProblem'
        '406':
          $ref: '#/components/responses/HeadProblem'
        '412':
          $ref: '#/components/responses/HeadProblem'
        '413':
          $ref: '#/components/responses/HeadProblem'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/HeadProblem'
        '429':
          $ref: '#/components/responses/HeadTooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/HeadProblem'
        '503':
          $ref: '#/components/responses/HeadUnavailable'
        '504':
          $ref: '#/components/responses/HeadProblem'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
    put:
      operationId: putItem
      tags: [items]
      summary: Store an item
      description: |
        Sets the item. With `If-None-Match: *` only if no item is there (memcached's add), with
        `If-Match: *` only if one is (replace), with `If-Match: "etag"` only if it is still that one (cas).

        Only-if-none counts what older tiers have, as far as they can be asked; only-if-one finds it there
        and brings it to the primary first. A token is the primary's.

        `Content-Type: application/json` means the JSON form below. With any other type, or none, the body
        is the value, and `ttl` and `flags` are query parameters. A value that is too large for the server
        is refused before anything is sent, since memcached would drop the item that is there.

        204 when it was stored; 201 when it is also certain that there was none before, which only
        `If-None-Match: *` tells.

        A body with a `Content-Encoding` is refused, since no reader could be told of it, and so is one with a
        `Content-Range`.
      parameters:
        - $ref: '#/components/parameters/TTL'
        - $ref: '#/components/parameters/Flags'
        - $ref: '#/components/parameters/IfMatch'
        - $ref: '#/components/parameters/WriteIfNoneMatch'
        - $ref: '#/components/parameters/PreferAsync'
      requestBody:
        $ref: '#/components/requestBodies/Value'
      responses:
        '201':
          $ref: '#/components/responses/Created'
        '202':
          $ref: '#/components/responses/NotAwaited'
        '204':
          $ref: '#/components/responses/Stored'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '412':
          $ref: '#/components/responses/PreconditionFailed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '501':
          $ref: '#/components/responses/Unsupported'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
        '507':
          $ref: '#/components/responses/OutOfMemory'
    delete:
      operationId: deleteItem
      tags: [items]
      summary: Delete an item
      description: |
        From every tier, the oldest first, so that no copy shows again; 404 if each was asked and none had it.
        Where an older tier could not be asked its copy is owed, and the answer is 204. With
        `If-Match: "etag"` the primary deletes only if its item is unchanged; the copies in older tiers go in
        any case.
      parameters:
        - $ref: '#/components/parameters/IfMatch'
        - $ref: '#/components/parameters/PreferAsync'
      responses:
        '202':
          $ref: '#/components/responses/NotAwaited'
        '204':
          description: Deleted.
          headers:
            Cache-Status:
              $ref: '#/components/headers/OwedCopies'
            Server-Timing:
              $ref: '#/components/headers/ServerTiming'
          links:
            getItem:
              $ref: '#/components/links/getItem'
            headItem:
              $ref: '#/components/links/headItem'
            putItem:
              $ref: '#/components/links/putItem'
            getItems:
              $ref: '#/components/links/getItems'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '412':
          $ref: '#/components/responses/PreconditionFailed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '501':
          $ref: '#/components/responses/Unsupported'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /keys/{key}/incr:
    parameters:
      - $ref: '#/components/parameters/Key'
    post:
      operationId: increment
      tags: [counters]
      summary: Add to a counter
      description: |
        Wraps at 2^64, as memcached does. The arguments come as JSON or as query parameters; an empty body
        means a delta of 1. A counter that only an older tier has is brought to the primary first. A missing
        one is 404, unless `initial` says what to create it with; such a
        request is always waited for, whatever `Prefer` says.
      parameters:
        - $ref: '#/components/parameters/Delta'
        - $ref: '#/components/parameters/Initial'
        - $ref: '#/components/parameters/CounterTTL'
        - $ref: '#/components/parameters/PreferAsync'
      requestBody:
        $ref: '#/components/requestBodies/Counter'
      responses:
        '200':
          $ref: '#/components/responses/Counted'
        '201':
          $ref: '#/components/responses/CounterCreated'
        '202':
          $ref: '#/components/responses/NotAwaited'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '409':
          $ref: '#/components/responses/Conflict'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
        '507':
          $ref: '#/components/responses/OutOfMemory'
  /keys/{key}/decr:
    parameters:
      - $ref: '#/components/parameters/Key'
    post:
      operationId: decrement
      tags: [counters]
      summary: Subtract from a counter
      description: Like incr; stops at 0.
      parameters:
        - $ref: '#/components/parameters/Delta'
        - $ref: '#/components/parameters/Initial'
        - $ref: '#/components/parameters/CounterTTL'
        - $ref: '#/components/parameters/PreferAsync'
      requestBody:
        $ref: '#/components/requestBodies/Counter'
      responses:
        '200':
          $ref: '#/components/responses/Counted'
        '201':
          $ref: '#/components/responses/CounterCreated'
        '202':
          $ref: '#/components/responses/NotAwaited'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '409':
          $ref: '#/components/responses/Conflict'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
        '507':
          $ref: '#/components/responses/OutOfMemory'
  /keys/{key}/append:
    parameters:
      - $ref: '#/components/parameters/Key'
    post:
      operationId: append
      tags: [items]
      summary: Put bytes behind an item's value
      description: |
        The item keeps its flags and its ttl. One that only an older tier has is brought to the primary first;
        404 if no tier has it.
      parameters:
        - $ref: '#/components/parameters/PreferAsync'
      requestBody:
        $ref: '#/components/requestBodies/Piece'
      responses:
        '202':
          $ref: '#/components/responses/NotAwaited'
        '204':
          $ref: '#/components/responses/Stored'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
        '507':
          $ref: '#/components/responses/OutOfMemory'
  /keys/{key}/prepend:
    parameters:
      - $ref: '#/components/parameters/Key'
    post:
      operationId: prepend
      tags: [items]
      summary: Put bytes before an item's value
      description: |
        The item keeps its flags and its ttl. One that only an older tier has is brought to the primary first;
        404 if no tier has it.
      parameters:
        - $ref: '#/components/parameters/PreferAsync'
      requestBody:
        $ref: '#/components/requestBodies/Piece'
      responses:
        '202':
          $ref: '#/components/responses/NotAwaited'
        '204':
          $ref: '#/components/responses/Stored'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
        '507':
          $ref: '#/components/responses/OutOfMemory'
  /keys/{key}/touch:
    parameters:
      - $ref: '#/components/parameters/Key'
    post:
      operationId: touch
      tags: [items]
      summary: Give an item a new ttl
      description: An item that only an older tier has is brought to the primary first; 404 if no tier has it.
      parameters:
        - $ref: '#/components/parameters/TTL'
        - $ref: '#/components/parameters/PreferAsync'
      requestBody:
        description: The ttl, when the query does not have it.
        required: false
        content:
          application/json:
            schema:
              type: object
              properties:
                key:
                  $ref: '#/components/schemas/SameKey'
                ttl:
                  $ref: '#/components/schemas/NullableTTL'
              required: [ttl]
              additionalProperties: false
            example: {ttl: 60}
      responses:
        '202':
          $ref: '#/components/responses/NotAwaited'
        '204':
          description: Touched.
          headers:
            Cache-Status:
              $ref: '#/components/headers/OwedCopies'
            Server-Timing:
              $ref: '#/components/headers/ServerTiming'
          links:
            getItem:
              $ref: '#/components/links/getItem'
            deleteItem:
              $ref: '#/components/links/deleteItem'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
        '507':
          $ref: '#/components/responses/OutOfMemory'
  /keys:
    get:
      operationId: getItems
      tags: [several items]
      summary: Read many items at once
      description: |
        Each key is looked for on its own: an older tier is asked for exactly the keys that are still
        missing. A key is in exactly one of the three lists, and a key that is asked for twice is there
        once. The order is that of the request. 200 even when no key could be looked for: 404 would say
        that they are not there. One key that is malformed makes the whole request 400.

        The values of an answer are at most 8 MiB together (`--max-batch-size`). A key whose value does not fit
        any more is in `errors` as `answer-too-large`; which ones are depends on which values come first.

        HEAD does not count as an access where the backend can look without one. There is no ETag, and a
        request on a condition is refused.
      parameters:
        - name: key
          in: query
          required: true
          description: |
            A key, percent-encoded; repeat for more, by default up to 1000 times (`--max-keys`), as far as
            they fit in a target: some 4000 bytes. A batch takes more.
          style: form
          explode: true
          schema:
            type: array
            minItems: 1
            maxItems: 1000
            items:
              $ref: '#/components/schemas/Key'
          example: ['user:42', 'user:43', 'user:44']
        - $ref: '#/components/parameters/PreferWait'
      responses:
        '200':
          description: What was found, what was not, and what could not be looked for.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
            Preference-Applied:
              $ref: '#/components/headers/PreferenceApplied'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Items'
              example:
                items:
                  - {key: 'user:42', value: Ada, flags: 0, ttl: null, cas: '1724', tier: new}
                missing: ['user:43']
                errors:
                  - {key: 'user:44', type: /problems/down, title: The backend is down, status: 503, detail: 'not connected: connect: Connection refused', tier: new, node: 'a:11211'}
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /batch:
    post:
      operationId: batch
      tags: [several items]
      summary: Do many operations at once
      description: |
        Any mix of operations, each with the result that a request of its own would have had: its status, its
        ETag, its item, counter or problem. The results are in the order of the operations.

        Operations of one key are done one after the other, in their order. Those of different keys are sent
        together and done in any order. **A batch is not atomic**: each operation takes effect on its own, one
        that fails stops none of the others, and others may see, or change, what is between two of them.

        An operation that is malformed is 400 for itself, and so is a condition that cannot be checked. The whole
        batch fails only, and then before anything is done, when it is no `{"operations": […]}`, has more than
        1000 operations (`--max-keys`) or more than 8 MiB (`--max-batch-size`).

        The values of the items in an answer are at most 8 MiB together (`--max-batch-size`). A get whose value
        does not fit any more is 413 `answer-too-large`; which ones are depends on which values come first. What
        became of a write is always told.

        A batch has as much time as one request (`--operation-timeout`, or `Prefer: wait=N`). What has not been
        answered when it is up is 504; what waited for others of its key until then is 504, too, and has not been
        done.

        Keys are JSON strings, so that a key that is not UTF-8 cannot be named. `Prefer: respond-async` is passed
        over.
      parameters:
        - $ref: '#/components/parameters/PreferWait'
      requestBody:
        description: The operations.
        required: true
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/Batch'
            example:
              operations:
                - {op: get, key: 'user:42'}
                - {op: set, key: 'user:43', value: Grace, flags: 7, ttl: 60}
                - {op: add, key: 'user:42', value: Ada}
                - {op: cas, key: 'user:44', value: Alan, ifMatch: '"6c1f0b7e5f3c91aa.1724"'}
                - {op: incr, key: visits, delta: 1, initial: 0}
                - {op: delete, key: 'user:45'}
      responses:
        '200':
          description: The results, whatever they are.
          headers:
            Preference-Applied:
              $ref: '#/components/headers/PreferenceApplied'
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/BatchResults'
              example:
                results:
                  - status: 200
                    etag: '"6c1f0b7e5f3c91aa.1724"'
                    item: {key: 'user:42', value: Ada, flags: 0, ttl: null, cas: '1724', tier: new}
                  - {status: 204, etag: '"6c1f0b7e5f3c91aa.1725"'}
                  - status: 412
                    problem: {type: /problems/exists, title: 'Precondition failed: the key exists', status: 412, detail: 'exists: the key is there already', instance: 6924f3a1-812-0-17, reason: exists}
                  - status: 412
                    problem: {type: /problems/missing, title: 'Precondition failed: the key is missing', status: 412, detail: 'missing: there is no such key', instance: 6924f3a1-812-0-18, reason: missing}
                  - {status: 201, etag: '"6c1f0b7e5f3c91aa.1726"', key: visits, value: '0'}
                  - status: 404
                    problem: {type: /problems/not-found, title: Key not found, status: 404, detail: no tier that was asked has the key, instance: 6924f3a1-812-0-19}
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /incr:
    post:
      operationId: incrementNamed
      tags: [counters]
      summary: Add to a counter, its key in the body
      requestBody:
        $ref: '#/components/requestBodies/NamedCounter'
      parameters:
        - $ref: '#/components/parameters/PreferAsync'
      responses:
        '200':
          $ref: '#/components/responses/Counted'
        '201':
          $ref: '#/components/responses/CounterCreated'
        '202':
          $ref: '#/components/responses/NotAwaited'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '409':
          $ref: '#/components/responses/Conflict'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
        '507':
          $ref: '#/components/responses/OutOfMemory'
  /decr:
    post:
      operationId: decrementNamed
      tags: [counters]
      summary: Subtract from a counter, its key in the body
      requestBody:
        $ref: '#/components/requestBodies/NamedCounter'
      parameters:
        - $ref: '#/components/parameters/PreferAsync'
      responses:
        '200':
          $ref: '#/components/responses/Counted'
        '201':
          $ref: '#/components/responses/CounterCreated'
        '202':
          $ref: '#/components/responses/NotAwaited'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NotFound'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '409':
          $ref: '#/components/responses/Conflict'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '429':
          $ref: '#/components/responses/TooManyRequests'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
        '507':
          $ref: '#/components/responses/OutOfMemory'
  /livez:
    servers:
      - url: http://127.0.0.1:8080
        description: The data listener
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: isAlive
      tags: [health]
      summary: Whether the process works
      description: 200 as long as its loop turns, whatever the tiers do.
      security: []
      responses:
        '200':
          $ref: '#/components/responses/Healthy'
        '400':
          $ref: '#/components/responses/BadRequest'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /readyz:
    servers:
      - url: http://127.0.0.1:8080
        description: The data listener
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: isReady
      tags: [health]
      summary: Whether requests should be sent here
      description: |
        200 when it is not draining and every worker reaches a node of the primary, up or suspect: to which
        worker a request comes is the kernel's choice. Older tiers do not count, since reads do without them.
      responses:
        '200':
          $ref: '#/components/responses/Healthy'
        '400':
          $ref: '#/components/responses/BadRequest'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '503':
          $ref: '#/components/responses/NotReady'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /metrics:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: getMetrics
      tags: [admin]
      summary: What is measured, for Prometheus
      description: |
        Prometheus' text format 0.0.4. Each worker is asked for a copy of its numbers, and goes on meanwhile.
        docs/operations.md says what each metric means.
      responses:
        '200':
          description: All metrics of this process. `Content-Type` has the version of the format.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            text/plain:
              schema:
                type: string
                pattern: crossfade_build_info
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /version:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: getVersion
      tags: [admin]
      summary: What is running
      responses:
        '200':
          description: The version of Crossfade.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                type: object
                properties:
                  version:
                    type: string
                required: [version]
              example: {version: 0.1.0}
            text/plain:
              schema:
                type: string
              example: "crossfade 0.1.0\n"
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /openapi.yaml:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: getDescription
      tags: [admin]
      summary: This description
      responses:
        '200':
          description: The description of the version that is running.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/yaml:
              schema:
                type: object
                properties:
                  openapi:
                    type: string
                required: [openapi, info, paths]
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /tiers:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: getTiers
      tags: [admin]
      summary: The tiers, and how their nodes are
      description: |
        What is set for each tier, and each node as all workers together see it. No server is asked for it, so
        that it answers when none of them does.
      responses:
        '200':
          description: The tiers in the order of asking; as text a line a node.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Tiers'
              example:
                tiers:
                  - name: new
                    role: primary
                    mode: serving
                    distribution: ketama
                    protocol: auto
                    nodes:
                      - {name: 'a:11211', state: up, protocol: meta, version: 1.6.18, in_flight: 3}
                  - name: old
                    role: older
                    mode: serving
                    distribution: ketama
                    protocol: classic
                    nodes:
                      - {name: 'b:11211', state: ejected, protocol: classic, version: 1.4.25, in_flight: 0, error: 'connect: Connection refused'}
            text/plain:
              schema:
                type: string
              example: "tier  role     distribution  protocol  mode     node     state  speaks  version  in_flight  error\nnew   primary  ketama        auto      serving  a:11211  up     meta    1.6.18   3          -\n"
          links:
            getStats:
              $ref: '#/components/links/getStats'
            flush:
              $ref: '#/components/links/flush'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
    put:
      operationId: putTiers
      tags: [admin]
      summary: Change the tiers while they serve
      description: |
        Adds, removes, reorders and changes tiers, and settings that do not need a restart, in all workers at once:
        requests under way end on the tiers that they began with, those that come meanwhile wait the few
        milliseconds until then. Tiers that stay keep their connections, items of memory tiers and owed copies.
        Nothing is written to the configuration file: the next reload or start has what that says.
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/TierChanges'
            example: {tiers: [{name: new, nodes: ['memory:64MiB']}, {name: old, nodes: ['memory:64MiB'], mode: draining}], policy: strict}
      responses:
        '200':
          description: All workers have changed; the tiers that there are now, as of `GET /tiers`.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Tiers'
            text/plain:
              schema:
                type: string
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '409':
          $ref: '#/components/responses/StaleTier'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '503':
          $ref: '#/components/responses/NotReady'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /tiers/{name}:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    patch:
      operationId: patchTier
      tags: [admin]
      summary: Change one tier while it serves
      description: As `PUT /tiers`, with some members of one tier.
      parameters:
        - name: name
          in: path
          required: true
          schema:
            type: string
            minLength: 1
            maxLength: 250
            pattern: '^[^\u0000-\u0020\u007F]+$'
          example: old
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/TierChange'
            example: {mode: serving}
      responses:
        '200':
          description: All workers have changed; the tiers that there are now, as of `GET /tiers`.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Tiers'
            text/plain:
              schema:
                type: string
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NoSuchTier'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '415':
          $ref: '#/components/responses/UnsupportedMediaType'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '503':
          $ref: '#/components/responses/NotReady'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /keys/{key}/where:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: whereKey
      tags: [admin]
      summary: The key in every tier, side by side
      description: |
        All tiers are asked at once, whatever the policy, each on the node that has the key's place in the ring.
        Looking changes nothing: nothing is copied, and an item does not count as accessed, but for nodes that
        speak the classic protocol, which cannot be told so (`counted_as_access`). What a node cannot tell is in
        `unknown`: in the classic protocol the ttl, and whether and when the item was read; in a tier in memory
        the latter two.
        200 also where no tier has the key: what could not be asked says so in `error`.
      parameters:
        - $ref: '#/components/parameters/Key'
      responses:
        '200':
          description: The tiers in the order of asking; as text a line a tier.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Whereabouts'
              example:
                key: user:42
                tiers:
                  - {name: new, role: primary, node: 'a:11211', protocol: meta, served: true, present: true, ttl: 283, size: 12, flags: 0, cas: '1724', fetched: true, seconds_since_access: 4, sha256: 76740216171591903cdbd18fbc770df447c5b1671005ca0020922a465bba0172, unknown: [], counted_as_access: false}
                  - {name: old, role: older, node: 'b:11211', protocol: classic, served: true, present: true, size: 12, flags: 0, cas: '51', sha256: 76740216171591903cdbd18fbc770df447c5b1671005ca0020922a465bba0172, same_as_primary: true, unknown: [fetched, seconds_since_access, ttl], counted_as_access: true}
                  - {name: oldest, role: older, node: 'c:11211', served: true, error: 'c:11211: not connected: connect: Connection refused'}
            text/plain:
              schema:
                type: string
              example: "tier  role     node     present  ttl  size  flags  cas   fetched  idle  same  sha256  note\nnew   primary  a:11211  yes      283  12    0      1724  true     4     -     76740216171591903cdbd18fbc770df447c5b1671005ca0020922a465bba0172  -\nold   older    b:11211  no       -    -     -      -     -        -     -     -       -\n"
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /migration:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: getMigration
      tags: [admin]
      summary: How far the move to the primary is
      description: |
        What this gateway's workers have counted within `--migration-window`, or since the start or the last
        change of tiers, which begins it anew; and whether it is time to go to the primary alone, with all that
        is in the way. No server is asked for it. `GET /migration/verdict` is for programs that are to wait.
      responses:
        '200':
          description: The numbers and the verdict, whatever it is.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Migration'
              example:
                verdict: wait
                reasons:
                  - {verdict: wait, code: older-hits, tier: old, detail: '1 of 3 hits were in it alone (33.3334%, at most 1% by --migration-max-older-hits), 0.83 a second'}
                primary: new
                window_seconds: 1
                observed_seconds: 1.2
                reads: 3
                older_share_of_hits: 0.333334
                maximum_older_share_of_hits: 0.01
                older_hits_per_second: 0.83
                tiers:
                  - {name: new, role: primary, mode: serving, hits: 2, misses: 1, errors: 0, skips: 0, share_of_hits: 0.666667, hits_per_second: 1.67, owed_invalidations: 0, overflowed_invalidations: 0}
                  - {name: old, role: older, mode: serving, hits: 1, misses: 0, errors: 0, skips: 0, share_of_hits: 0.333334, hits_per_second: 0.83, owed_invalidations: 0, overflowed_invalidations: 0}
                backfill: {stored: 1, exists: 0, too_large: 0, expired: 0, suppressed: 0, collapsed: 0, limited: 0, failed: 0}
            text/plain:
              schema:
                type: string
              example: "wait\nwait  older-hits  old  1 of 3 hits were in it alone (33.3334%, at most 1% by --migration-max-older-hits), 0.83 a second\nprimary                      new\nwindow_seconds               1.0\nolder_share_of_hits          0.333334\nolder_hits_per_second        0.83\nbackfill_stored              1\ntier  role     mode     hits  misses  errors  skips  share_of_hits  hits_per_second  owed  overflowed\nnew   primary  serving  2     1       0       0      0.666667       1.67             0     0\nold   older    serving  1     0       0       0      0.333334       0.83             0     0\n"
          links:
            getMigrationVerdict:
              $ref: '#/components/links/getMigrationVerdict'
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /migration/verdict:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: getMigrationVerdict
      tags: [admin]
      summary: Whether to go to the primary alone
      description: |
        200 if the tiers behind the primary are hardly needed any more, 503 otherwise, so that `curl -f` and CI can
        gate on it. It speaks for the traffic of this gateway alone: where there are several, all have to say
        `ready`.
      responses:
        '200':
          description: It is `ready`, and nothing is in the way.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/MigrationVerdict'
              example: {verdict: ready, reasons: []}
            text/plain:
              schema:
                type: string
              example: "ready\n"
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '503':
          description: |
            Not yet: time alone mends what is to be waited for (`wait`), for the rest somebody has to do something
            (`blocked`). As text the verdict, and then a line a reason.
          headers:
            Retry-After:
              description: |
                Seconds until the window is full, where it is not and nothing is blocked. What else is in the way
                may be so longer.
              schema:
                type: integer
                minimum: 1
              example: 600
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/MigrationVerdict'
              examples:
                wait:
                  value:
                    verdict: wait
                    reasons:
                      - {verdict: wait, code: window-not-full, detail: 0 of 600 seconds (--migration-window) were seen since the start or the last change of tiers}
                      - {verdict: wait, code: few-reads, detail: '0 keys were read, fewer than 1000 (--migration-min-reads)'}
                blocked:
                  value:
                    verdict: blocked
                    reasons:
                      - {verdict: blocked, code: primary-not-up, tier: new, detail: 'a:11211 is ejected, and has to be up in every worker'}
                      - {verdict: wait, code: window-not-full, detail: 7 of 600 seconds (--migration-window) were seen since the start or the last change of tiers}
                      - {verdict: wait, code: few-reads, detail: '0 keys were read, fewer than 1000 (--migration-min-reads)'}
            text/plain:
              schema:
                type: string
              example: "wait\nwait  window-not-full  -  12 of 600 seconds (--migration-window) were seen since the start or the last change of tiers\nwait  few-reads        -  0 keys were read, fewer than 1000 (--migration-min-reads)\n"
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /stats:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    get:
      operationId: getStats
      tags: [admin]
      summary: The statistics of every node
      description: |
        memcached's own, by tier and node, as strings as the server wrote them, how all workers together see
        the node, what is owed to the tier, and what became of the backfills.
      parameters:
        - name: tier
          in: query
          description: Only this tier; repeat for more. All when left out.
          style: form
          explode: true
          schema:
            type: array
            items:
              type: string
          example: [old]
      responses:
        '200':
          description: The statistics; a node that did not answer has none, and says why in `error`.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Stats'
              example:
                backfill: {stored: 5120, exists: 3, too_large: 0, expired: 12, suppressed: 40, collapsed: 7, limited: 0, failed: 0}
                tiers:
                  - name: new
                    owed_invalidations: 0
                    overflowed_invalidations: 0
                    served: true
                    nodes:
                      - name: a:11211
                        state: up
                        protocol: meta
                        version: 1.6.18
                        in_flight: 3
                        stats: {curr_items: '1024', get_hits: '51201'}
                  - name: old
                    owed_invalidations: 2
                    overflowed_invalidations: 0
                    served: true
                    nodes:
                      - {name: 'b:11211', state: ejected, protocol: classic, version: 1.4.25, in_flight: 0, error: 'b:11211: not connected: connect: Connection refused'}
            text/plain:
              schema:
                type: string
              example: "-    -        backfill_stored     5120\nnew  -        owed_invalidations  0\nnew  -        served              true\nnew  a:11211  state               up\nnew  a:11211  curr_items          1024\n"
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NoSuchTier'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
  /flush:
    servers:
      - url: http://127.0.0.1:8081
        description: The admin listener
    post:
      operationId: flush
      tags: [admin]
      summary: Empty whole tiers
      description: |
        memcached's flush_all on each node of the named tiers; one at once also ends that a tier is not
        served because too much was owed to it. One of the primary at once waits for what is on its way
        there from older tiers, so that nothing comes back; one with a delay is done when nobody waits, and only
        keeps new copies away for the seconds around it. There is no default: nobody should empty a
        cluster by a request that was cut short. When a node failed the first failure decides the status,
        and `tiers` tells of all nodes, since others may have been emptied.
      parameters:
        - name: tier
          in: query
          required: true
          description: A tier to empty; repeat for more.
          style: form
          explode: true
          schema:
            type: array
            minItems: 1
            items:
              type: string
          example: [new]
        - name: delay
          in: query
          description: Seconds after which the items that are there now are gone.
          schema:
            type: integer
            minimum: 0
            maximum: 2592000
            default: 0
          example: 0
      responses:
        '200':
          description: Every node of the named tiers has taken it.
          headers:
            Cache-Control:
              $ref: '#/components/headers/CacheControl'
            Vary:
              $ref: '#/components/headers/Vary'
            X-Content-Type-Options:
              $ref: '#/components/headers/ContentTypeOptions'
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Flushed'
              example:
                tiers:
                  - {tier: new, node: 'a:11211', outcome: applied}
            text/plain:
              schema:
                type: string
              example: "new  a:11211  flushed\n"
        '400':
          $ref: '#/components/responses/BadRequest'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/NoSuchTier'
        '405':
          $ref: '#/components/responses/MethodNotAllowed'
        '406':
          $ref: '#/components/responses/NotAcceptable'
        '413':
          $ref: '#/components/responses/TooLarge'
        '414':
          $ref: '#/components/responses/TargetTooLong'
        '417':
          $ref: '#/components/responses/ExpectationFailed'
        '431':
          $ref: '#/components/responses/HeadersTooLarge'
        '501':
          $ref: '#/components/responses/Unsupported'
        '502':
          $ref: '#/components/responses/BadGateway'
        '503':
          $ref: '#/components/responses/Unavailable'
        '504':
          $ref: '#/components/responses/DeadlinePassed'
        '505':
          $ref: '#/components/responses/VersionNotSupported'
components:
  securitySchemes:
    bearer:
      type: http
      scheme: bearer
      description: |
        A token of the file `--tokens` (RFC 6750). It has rights: `read` for GET and HEAD of keys, `write` for what
        changes them, `admin` for the admin listener; and perhaps a prefix that its keys begin with.
  parameters:
    Key:
      name: key
      in: path
      required: true
      description: The key, percent-encoded. Decoded it is 1 to 250 bytes, none of them 0x00-0x20 or 0x7F.
      schema:
        $ref: '#/components/schemas/Key'
      example: 'user:42'
    TTL:
      name: ttl
      in: query
      description: Seconds to live; 0 or absent means that the item never expires.
      schema:
        $ref: '#/components/schemas/TTL'
      example: 60
    Flags:
      name: flags
      in: query
      description: The 32 bits that memcached keeps beside a value and that mean what their writer says.
      schema:
        $ref: '#/components/schemas/Flags'
      example: 0
    Delta:
      name: delta
      in: query
      description: How much to add or subtract; 1 when left out.
      schema:
        $ref: '#/components/schemas/CounterNumber'
      example: 1
    Initial:
      name: initial
      in: query
      description: The value that a missing counter is created with; the delta is not applied to it.
      schema:
        $ref: '#/components/schemas/CounterNumber'
      example: 0
    CounterTTL:
      name: ttl
      in: query
      description: The ttl of a counter that gets created; without `initial` it is refused.
      schema:
        $ref: '#/components/schemas/TTL'
      example: 60
    IfMatch:
      name: If-Match
      in: header
      description: |
        `*`, "if there is one", or up to 8 ETags, "if it is one of these". A weak one never matches. The value of
        a member `ifMatch` in a batch is written the same way.
      schema:
        $ref: '#/components/schemas/IfMatch'
      example: '"6c1f0b7e5f3c91aa.1724"'
    WriteIfNoneMatch:
      name: If-None-Match
      in: header
      description: Only `*`, "store if there is none"; not beside `If-Match`.
      schema:
        type: string
        const: '*'
      example: '*'
    ReadIfMatch:
      name: If-Match
      in: header
      description: ETags; 412 when the item has none of them.
      schema:
        $ref: '#/components/schemas/ETagCondition'
      example: '"6c1f0b7e5f3c91aa.1724"'
    ReadIfNoneMatch:
      name: If-None-Match
      in: header
      description: ETags that the caller has; 304 when the item's is among them.
      schema:
        $ref: '#/components/schemas/ETagCondition'
      example: '"6c1f0b7e5f3c91aa.1724"'
    PreferAsync:
      name: Prefer
      in: header
      description: |
        `respond-async` (RFC 7240): answer 202 without waiting for the backend. `wait=N`: the time for the
        whole request in seconds, 1 to 30; more is cut to 30. It says nothing beside `respond-async`.
        `timing`: the answer has `Server-Timing`.
      schema:
        type: string
      example: respond-async
    PreferPromote:
      name: Prefer
      in: header
      description: |
        `promote` (RFC 7240): as `?promote=1`, where that can be. `wait=N`: the time for the whole request in
        seconds, 1 to 30; more is cut to 30. A node's own timeout holds within it. `timing`: the answer has
        `Server-Timing`.
      schema:
        type: string
      example: promote
    PreferWait:
      name: Prefer
      in: header
      description: |
        `wait=N` (RFC 7240): the time for the whole request in seconds, 1 to 30; more is cut to 30. A node's
        own timeout holds within it. What is no such number is passed over.
      schema:
        type: string
      example: wait=5
  headers:
    ETag:
      description: |
        Strong for an item of the primary, weak for one of an older tier; stale once the node restarts. Absent
        where the node keeps no cas tokens, or is a proxy. The bare bytes have another one than the JSON form.
      schema:
        $ref: '#/components/schemas/ETag'
      example: '"6c1f0b7e5f3c91aa.1724"'
    CacheStatus:
      description: |
        One member a consulted tier (RFC 9211), the one nearest the origin first. A hit in an older tier whose
        server cannot tell the ttl, and that is copied to the primary after the answer, says so:
        `old; hit; detail="ttl unknown, copied with 300 s", new; fwd=uri-miss`. `stored` is only said when the
        item was promoted, as what comes after an answer is not known in it.
      required: true
      schema:
        type: string
      example: old; hit; ttl=283, new; fwd=uri-miss
    ServerTiming:
      description: |
        What each tier that was consulted took, in milliseconds, and what came of it (W3C Server Timing), the
        primary first. Sent where `Prefer: timing` asks for it, or always under `--server-timing on`; not with
        `respond-async`, and not of many keys. What had to be brought to the primary for a write counts to the
        primary's time. Counted from turn to turn of the gateway's loop: what was answered within one took 0.
      schema:
        type: string
      example: new;dur=0.212;desc=miss, old;dur=0.480;desc=hit
    ProxyStatus:
      description: |
        Which server failed and how, if one did (RFC 9209): its registered error type where one fits, its address
        and the reason, both of which `node` and `detail` of the body have, too. A node that is ejected, or was
        refused the connection, is `destination_unavailable`.
      schema:
        type: string
      example: crossfade; error=connection_read_timeout; next-hop="a:11211"; details="no answer before the deadline"
    FailedCacheStatus:
      description: Of a read of one key, as that of its hit; not of a write.
      schema:
        type: string
      example: old; fwd=uri-miss, new; fwd=bypass; detail=down
    OwedCopies:
      description: |
        Only when a stale copy stayed behind in an older tier that could not be asked: one member for each such
        tier (RFC 9211). It is not served and its deletion is tried again.
      schema:
        type: string
      example: old; detail=owed
    CacheControl:
      description: Always `no-cache`, since an item can change at any time.
      required: true
      schema:
        type: string
        const: no-cache
      example: no-cache
    Vary:
      description: JSON or the bare bytes is chosen by this field.
      required: true
      schema:
        type: string
        const: Accept
      example: Accept
    ContentTypeOptions:
      description: Keeps browsers from guessing what the bytes are.
      required: true
      schema:
        type: string
        const: nosniff
      example: nosniff
    MemcachedFlags:
      description: The item's flags, when the bare bytes are asked for.
      schema:
        $ref: '#/components/schemas/Flags'
      example: 7
    PreferenceApplied:
      description: |
        The preferences that were honoured (RFC 7240); of `wait` the seconds that were given. `promote` when
        the item is in the primary.
      schema:
        type: string
        pattern: '^(respond-async|promote|wait=[0-9]+)(, wait=[0-9]+)?$'
      example: wait=5
    RetryAfter:
      description: Seconds after which to try again.
      required: true
      schema:
        type: integer
        minimum: 1
      example: 1
    Challenge:
      description: How to say who asks (RFC 6750).
      required: true
      schema:
        type: string
        pattern: '^Bearer realm="crossfade"(, error="invalid_token")?$'
      examples:
        none:
          value: Bearer realm="crossfade"
        wrong:
          value: Bearer realm="crossfade", error="invalid_token"
    Scope:
      description: The right that is missing (RFC 6750); left out where it is the key that the token is not for.
      schema:
        type: string
        pattern: '^Bearer realm="crossfade", error="insufficient_scope", scope="(read|write|admin)"$'
      example: Bearer realm="crossfade", error="insufficient_scope", scope="admin"
    Allow:
      description: The methods that this path has.
      required: true
      schema:
        type: string
      example: GET, HEAD, PUT, DELETE, OPTIONS
  requestBodies:
    Value:
      description: |
        The value, bare or in the JSON form. Any media type but `application/json` means that the body is the
        value, as does none at all; no body is the empty value.
      required: false
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/ItemInput'
          examples:
            text:
              value: {value: Ada, ttl: 300}
            bytes:
              value: {value: /9j/4AAQ, encoding: base64, flags: 1}
        application/octet-stream:
          schema:
            type: string
            contentMediaType: application/octet-stream
          example: hello
        text/plain:
          schema:
            type: string
          example: hello
    Piece:
      description: |
        The bytes to add, bare or in the JSON form. Any media type but `application/json` means that the body is
        what to add, as does none at all.
      required: false
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/PieceInput'
          example: {value: ', Countess of Lovelace'}
        application/octet-stream:
          schema:
            type: string
            contentMediaType: application/octet-stream
          example: ', Countess of Lovelace'
        text/plain:
          schema:
            type: string
          example: ', Countess of Lovelace'
    Counter:
      description: Absent means a delta of 1.
      required: false
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/CounterInput'
          example: {delta: 1, initial: 0, ttl: 60}
    NamedCounter:
      description: The key and what to do to it.
      required: true
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/NamedCounterInput'
          example: {key: visits, delta: 1}
  responses:
    Stored:
      description: Stored.
      headers:
        Cache-Status:
          $ref: '#/components/headers/OwedCopies'
        Server-Timing:
          $ref: '#/components/headers/ServerTiming'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        ETag:
          description: The new one, where the backend returns it.
          schema:
            $ref: '#/components/schemas/ETag'
          example: '"6c1f0b7e5f3c91aa.1725"'
      links:
        getItem:
          $ref: '#/components/links/getItem'
        headItem:
          $ref: '#/components/links/headItem'
        getItems:
          $ref: '#/components/links/getItems'
        putIfUnchanged:
          $ref: '#/components/links/putIfUnchanged'
        appendToItem:
          $ref: '#/components/links/appendToItem'
        prependToItem:
          $ref: '#/components/links/prependToItem'
        touchItem:
          $ref: '#/components/links/touchItem'
        deleteItem:
          $ref: '#/components/links/deleteItem'
        deleteIfUnchanged:
          $ref: '#/components/links/deleteIfUnchanged'
    Created:
      description: Stored, and there was none before.
      headers:
        Cache-Status:
          $ref: '#/components/headers/OwedCopies'
        Server-Timing:
          $ref: '#/components/headers/ServerTiming'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        ETag:
          description: The new one, where the backend returns it.
          schema:
            $ref: '#/components/schemas/ETag'
          example: '"6c1f0b7e5f3c91aa.1726"'
      links:
        getItem:
          $ref: '#/components/links/getItem'
        headItem:
          $ref: '#/components/links/headItem'
        getItems:
          $ref: '#/components/links/getItems'
        putIfUnchanged:
          $ref: '#/components/links/putIfUnchanged'
        appendToItem:
          $ref: '#/components/links/appendToItem'
        prependToItem:
          $ref: '#/components/links/prependToItem'
        touchItem:
          $ref: '#/components/links/touchItem'
        deleteItem:
          $ref: '#/components/links/deleteItem'
        deleteIfUnchanged:
          $ref: '#/components/links/deleteIfUnchanged'
    NotAwaited:
      description: Sent, not awaited; what became of it is not known.
      headers:
        Preference-Applied:
          description: Always `respond-async`.
          required: true
          schema:
            type: string
            const: respond-async
          example: respond-async
    Counted:
      description: The counter's new value.
      headers:
        Cache-Status:
          $ref: '#/components/headers/OwedCopies'
        Server-Timing:
          $ref: '#/components/headers/ServerTiming'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        ETag:
          description: The new one, where the backend returns it.
          schema:
            $ref: '#/components/schemas/ETag'
          example: '"6c1f0b7e5f3c91aa.1727"'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/CounterValue'
          example: {key: visits, value: '43'}
      links:
        getCounter:
          $ref: '#/components/links/getCounter'
        increment:
          $ref: '#/components/links/increment'
        decrement:
          $ref: '#/components/links/decrement'
        incrementNamed:
          $ref: '#/components/links/incrementNamed'
        decrementNamed:
          $ref: '#/components/links/decrementNamed'
        deleteCounter:
          $ref: '#/components/links/deleteCounter'
    CounterCreated:
      description: There was none; created with `initial`.
      headers:
        Cache-Status:
          $ref: '#/components/headers/OwedCopies'
        Server-Timing:
          $ref: '#/components/headers/ServerTiming'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        ETag:
          description: The new one, where the backend returns it.
          schema:
            $ref: '#/components/schemas/ETag'
          example: '"6c1f0b7e5f3c91aa.1728"'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/CounterValue'
          example: {key: visits, value: '0'}
      links:
        getCounter:
          $ref: '#/components/links/getCounter'
        increment:
          $ref: '#/components/links/increment'
        decrement:
          $ref: '#/components/links/decrement'
        incrementNamed:
          $ref: '#/components/links/incrementNamed'
        decrementNamed:
          $ref: '#/components/links/decrementNamed'
        deleteCounter:
          $ref: '#/components/links/deleteCounter'
    NotModified:
      description: The caller's copy is still the item.
      headers:
        ETag:
          $ref: '#/components/headers/ETag'
        Cache-Status:
          $ref: '#/components/headers/CacheStatus'
        Server-Timing:
          $ref: '#/components/headers/ServerTiming'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
    Healthy:
      description: It is.
      headers:
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/Health'
          example: {status: ready}
        text/plain:
          schema:
            type: string
          example: "ready\n"
    BadRequest:
      description: The key, a query parameter, a precondition, the JSON, the ttl or the delta is malformed.
      headers:
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          examples:
            invalidKey:
              value: {type: /problems/invalid-key, title: Invalid key, status: 400, detail: 'a key has at most 250 bytes, this one 251', instance: 6924f3a1-812-0-1}
            malformedRequest:
              value: {type: /problems/malformed-request, title: Malformed HTTP request, status: 400, detail: more than one Content-Length, instance: 6924f3a1-812-0-16}
        text/plain:
          schema:
            type: string
    Unauthorized:
      description: There is no token, or it is not known. Only where there are tokens (`--tokens`).
      headers:
        WWW-Authenticate:
          $ref: '#/components/headers/Challenge'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          examples:
            tokenNeeded:
              value: {type: /problems/token-needed, title: A token is needed, status: 401, detail: 'send `Authorization: Bearer TOKEN`', instance: 6924f3a1-812-0-20}
            invalidToken:
              value: {type: /problems/invalid-token, title: The token is not valid, status: 401, detail: the token is not known, instance: 6924f3a1-812-0-21}
        text/plain:
          schema:
            type: string
    Forbidden:
      description: The token does not have the right, or is for other keys. Only where there are tokens (`--tokens`).
      headers:
        WWW-Authenticate:
          $ref: '#/components/headers/Scope'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          examples:
            forbidden:
              value: {type: /problems/forbidden, title: The token does not have the right, status: 403, detail: 'this needs the right `admin`, which the token web does not have', instance: 6924f3a1-812-0-22}
            keyForbidden:
              value: {type: /problems/key-forbidden, title: The token is not for this key, status: 403, detail: 'the token web is for keys that begin with `web:`', instance: 6924f3a1-812-0-23}
        text/plain:
          schema:
            type: string
    TooManyRequests:
      description: More requests than one client may make, where that is limited (`--rate-limit`). Nothing was done.
      headers:
        Retry-After:
          $ref: '#/components/headers/RetryAfter'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/rate-limited, title: Too many requests, status: 429, detail: 'at most 100 a second, and 200 at once, are taken of one address', instance: 6924f3a1-812-0-24}
        text/plain:
          schema:
            type: string
    NotFound:
      description: Every consulted tier missed.
      headers:
        Cache-Status:
          $ref: '#/components/headers/FailedCacheStatus'
        Server-Timing:
          $ref: '#/components/headers/ServerTiming'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/not-found, title: Key not found, status: 404, detail: no tier that was asked has the key, instance: 6924f3a1-812-0-2}
        text/plain:
          schema:
            type: string
    NoSuchTier:
      description: There is no tier of that name.
      headers:
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/no-such-tier, title: No such tier, status: 404, detail: 'there is no tier `nwe`; the tiers are new, old', instance: 6924f3a1-812-0-3}
        text/plain:
          schema:
            type: string
    MethodNotAllowed:
      description: The path has other methods; `Allow` lists them. Answered to methods that are not described here.
      headers:
        Allow:
          $ref: '#/components/headers/Allow'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/method-not-allowed, title: Method not allowed, status: 405, detail: 'this path has GET, HEAD, PUT, DELETE, OPTIONS', instance: 6924f3a1-812-0-4}
        text/plain:
          schema:
            type: string
    NotAcceptable:
      description: No representation that the caller accepts.
      headers:
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/not-acceptable, title: Not acceptable, status: 406, detail: 'this can be given as application/json, application/octet-stream, text/plain', instance: 6924f3a1-812-0-5}
        text/plain:
          schema:
            type: string
    StaleTier:
      description: Stale copies are still to be deleted in the tier that is to be the primary.
      headers:
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/stale-tier, title: The tier has stale copies, status: 409, detail: 'the tier old cannot be the primary while stale copies are to be deleted there: wait, or flush it', instance: 6924f3a1-812-0-6}
        text/plain:
          schema:
            type: string
    Conflict:
      description: The value is no number.
      headers:
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/not-numeric, title: The value is not a number, status: 409, detail: the value is not an unsigned 64-bit decimal number, instance: 6924f3a1-812-0-6}
        text/plain:
          schema:
            type: string
    PreconditionFailed:
      description: 'A precondition failed; `reason` says which: `exists`, `changed` or `missing`.'
      headers:
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/changed, title: 'Precondition failed: the item has changed', status: 412, detail: 'changed: the item is not the one of the tag', instance: 6924f3a1-812-0-7, reason: changed}
        text/plain:
          schema:
            type: string
    TooLarge:
      description: The body or the value is above the limit. Nothing was sent to a backend.
      headers:
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/too-large, title: Too large, status: 413, detail: the body has 1048577 bytes; at most 1048576 can be taken here, instance: 6924f3a1-812-0-8}
        text/plain:
          schema:
            type: string
    UnsupportedMediaType:
      description: The body is in a form that cannot be read here.
      headers:
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/unsupported-media-type, title: Unsupported media type, status: 415, detail: 'the arguments are JSON: send `Content-Type: application/json`', instance: 6924f3a1-812-0-9}
        text/plain:
          schema:
            type: string
    Unsupported:
      description: The protocol of this backend cannot do it; `detail` says what.
      headers:
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/unsupported, title: The backend's protocol cannot do this, status: 501, detail: a conditional delete needs the meta protocol; this server speaks classic only, instance: 6924f3a1-812-0-10, tier: new, node: 'a:11211', outcome: not-applied}
        text/plain:
          schema:
            type: string
    BadGateway:
      description: A backend broke the protocol or answered `SERVER_ERROR`.
      headers:
        Proxy-Status:
          $ref: '#/components/headers/ProxyStatus'
        Cache-Status:
          $ref: '#/components/headers/FailedCacheStatus'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/server-error, title: The backend failed, status: 502, detail: the server failed, instance: 6924f3a1-812-0-11, tier: new, node: 'a:11211', memcached: SERVER_ERROR internal error, outcome: not-applied}
        text/plain:
          schema:
            type: string
    Unavailable:
      description: No tier that must answer could be asked, or the gateway is full or draining.
      headers:
        Proxy-Status:
          $ref: '#/components/headers/ProxyStatus'
        Retry-After:
          $ref: '#/components/headers/RetryAfter'
        Cache-Status:
          $ref: '#/components/headers/FailedCacheStatus'
        Server-Timing:
          $ref: '#/components/headers/ServerTiming'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/down, title: The backend is down, status: 503, detail: 'not connected: connect: Connection refused', instance: 6924f3a1-812-0-12, tier: new, node: 'a:11211', outcome: not-applied}
        text/plain:
          schema:
            type: string
    NotReady:
      description: It is draining, or a worker reaches no node of the primary; `detail` says in which state it is.
      headers:
        Retry-After:
          $ref: '#/components/headers/RetryAfter'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/not-ready, title: Not ready, status: 503, detail: 'a:11211 is ejected (connect: Connection refused)', instance: 6924f3a1-812-0-13, tier: new}
        text/plain:
          schema:
            type: string
    DeadlinePassed:
      description: The deadline passed. A write says `unknown` when bytes had left.
      headers:
        Proxy-Status:
          $ref: '#/components/headers/ProxyStatus'
        Cache-Status:
          $ref: '#/components/headers/FailedCacheStatus'
        Server-Timing:
          $ref: '#/components/headers/ServerTiming'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/timeout, title: The backend did not answer in time, status: 504, detail: no answer before the deadline, instance: 6924f3a1-812-0-14, tier: new, node: 'a:11211', outcome: unknown, tiers: [{tier: old, outcome: applied}, {tier: new, node: 'a:11211', outcome: unknown, detail: no answer before the deadline}]}
        text/plain:
          schema:
            type: string
    OutOfMemory:
      description: |
        The backend has no memory for the item. The write did not take effect, but memcached may have dropped the
        item that was there.
      headers:
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/out-of-memory, title: The backend is out of memory for the item, status: 507, detail: the server is out of memory for this item, instance: 6924f3a1-812-0-15, tier: new, node: 'a:11211', memcached: SERVER_ERROR out of memory storing object, outcome: not-applied}
        text/plain:
          schema:
            type: string
    ExpectationFailed:
      description: '`Expect` can be `100-continue` and nothing else. The connection is closed.'
      headers:
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
      content:
        application/problem+json:
          schema:
            $ref: '#/components/schemas/Problem'
          example: {type: /problems/expectation-failed, title: Expectation failed, status: 417, detail: '`Expect` can be `100-continue` and nothing else', instance: 6924f3a1-812-0-16}
        text/plain:
          schema:
            type: string
    HeadProblem:
      description: As the same request by GET, without the body.
      headers:
        Proxy-Status:
          $ref: '#/components/headers/ProxyStatus'
        Cache-Status:
          $ref: '#/components/headers/FailedCacheStatus'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
    HeadUnavailable:
      description: As the same request by GET, without the body.
      headers:
        Retry-After:
          $ref: '#/components/headers/RetryAfter'
        Proxy-Status:
          $ref: '#/components/headers/ProxyStatus'
        Cache-Status:
          $ref: '#/components/headers/FailedCacheStatus'
        Preference-Applied:
          $ref: '#/components/headers/PreferenceApplied'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
    HeadUnauthorized:
      description: There is no token, or it is not known.
      headers:
        WWW-Authenticate:
          $ref: '#/components/headers/Challenge'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
    HeadForbidden:
      description: The token does not have the right, or is for other keys.
      headers:
        WWW-Authenticate:
          $ref: '#/components/headers/Scope'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
    HeadTooManyRequests:
      description: More requests than one client may make.
      headers:
        Retry-After:
          $ref: '#/components/headers/RetryAfter'
        Cache-Control:
          $ref: '#/components/headers/CacheControl'
        Vary:
          $ref: '#/components/headers/Vary'
        X-Content-Type-Options:
          $ref: '#/components/headers/ContentTypeOptions'
    TargetTooLong:
      description: |
        The target is too long: with the headers it has 8 KiB. The HTTP layer answers with a page of its own, that
        has no `Content-Type`, and closes the connection.
    HeadersTooLarge:
      description: |
        The headers are too long: with the target they have 8 KiB. The HTTP layer answers with a page of its own,
        that has no `Content-Type`, and closes the connection.
    VersionNotSupported:
      description: |
        The request is not HTTP/1. The HTTP layer answers with a page of its own, that has no `Content-Type`, and
        closes the connection.
  links:
    getItem:
      operationId: getItem
      parameters:
        key: $request.path.key
      description: What it is now.
    headItem:
      operationId: headItem
      parameters:
        key: $request.path.key
      description: The same without the value.
    getItems:
      operationId: getItems
      parameters:
        key: $request.path.key
      description: Among others.
    putItem:
      operationId: putItem
      parameters:
        key: $request.path.key
      description: Another one.
    putIfUnchanged:
      operationId: putItem
      parameters:
        path.key: $request.path.key
        header.If-Match: $response.header.ETag
      description: Only if nobody else has changed it.
    appendToItem:
      operationId: append
      parameters:
        key: $request.path.key
      description: More of it.
    prependToItem:
      operationId: prepend
      parameters:
        key: $request.path.key
      description: More of it.
    touchItem:
      operationId: touch
      parameters:
        key: $request.path.key
      description: Keep it longer.
    deleteItem:
      operationId: deleteItem
      parameters:
        key: $request.path.key
      description: Behind which it is 404.
    deleteIfUnchanged:
      operationId: deleteItem
      parameters:
        path.key: $request.path.key
        header.If-Match: $response.header.ETag
      description: Only if nobody else has changed it.
    getCounter:
      operationId: getItem
      parameters:
        key: $response.body#/key
      description: As an item.
    increment:
      operationId: increment
      parameters:
        key: $response.body#/key
      description: Count on.
    decrement:
      operationId: decrement
      parameters:
        key: $response.body#/key
      description: Count on.
    incrementNamed:
      operationId: incrementNamed
      requestBody:
        key: $response.body#/key
      description: Count on.
    decrementNamed:
      operationId: decrementNamed
      requestBody:
        key: $response.body#/key
      description: Count on.
    deleteCounter:
      operationId: deleteItem
      parameters:
        key: $response.body#/key
      description: Behind which it is 404.
    getMigrationVerdict:
      operationId: getMigrationVerdict
      description: Only whether to go to the primary alone, by the status, too.
    getStats:
      operationId: getStats
      parameters:
        tier: $response.body#/tiers/0/name
      description: Of one tier.
    flush:
      operationId: flush
      parameters:
        tier: $response.body#/tiers/1/name
      description: Of one tier.
  schemas:
    Key:
      type: string
      description: 1 to 250 bytes in UTF-8; a schema can count characters only.
      minLength: 1
      maxLength: 250
      pattern: '^[^\u0000-\u0020\u007F]+$'
    TTL:
      type: integer
      minimum: 0
      maximum: 2147483647
      description: Whole seconds; 0 = never expires. It ends by 2038-01-19, so that the longest becomes shorter.
    NullableTTL:
      type: [integer, 'null']
      minimum: 0
      maximum: 2147483647
      description: As a ttl elsewhere; null = never expires.
    ETag:
      type: string
      description: The second part counts on each server; `.b` and `.t` are those of the bare bytes.
      pattern: '^(W/)?"[0-9a-f]{16}\.[0-9]{1,20}(\.[bt])?"$'
    ETagCondition:
      type: string
      description: '`*`, or a list of ETags, weak ones among them (RFC 9110 section 13.1).'
      pattern: '^(\*|(W/)?"[^\u0000-\u0020"\u007F]*"(, *(W/)?"[^\u0000-\u0020"\u007F]*")*)$'
    IfMatch:
      type: string
      description: '`*`, or up to 8 ETags.'
      pattern: '^(\*|(W/)?"[^\u0000-\u0020"\u007F]*"(, *(W/)?"[^\u0000-\u0020"\u007F]*"){0,7})$'
    IfMatchTags:
      type: string
      description: Up to 8 ETags.
      pattern: '^(W/)?"[^\u0000-\u0020"\u007F]*"(, *(W/)?"[^\u0000-\u0020"\u007F]*"){0,7}$'
    SameKey:
      type: string
      description: May be there if it is the key of the path, so that what was read can be sent back.
    Flags:
      type: integer
      minimum: 0
      maximum: 4294967295
    Encoding:
      type: string
      enum: [utf-8, base64]
      default: utf-8
      description: How the bytes of `value` are written.
    EncodedValue:
      description: What `encoding` says of `value`.
      anyOf:
        - properties:
            encoding:
              const: utf-8
        - properties:
            encoding:
              const: base64
            value:
              type: string
              description: Base64 of RFC 4648 section 4, with padding.
              pattern: '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
          required: [encoding]
    CounterNumber:
      type: integer
      description: An unsigned number of 64 bits.
      minimum: 0
      maximum: 18446744073709551615
    CounterText:
      type: string
      description: The same in decimal digits, at most 18446744073709551615, safe from parsers that know 53 bits.
      pattern: '^[0-9]+$'
    Counter:
      oneOf:
        - $ref: '#/components/schemas/CounterNumber'
        - $ref: '#/components/schemas/CounterText'
    Item:
      type: object
      allOf:
        - $ref: '#/components/schemas/EncodedValue'
      properties:
        key:
          $ref: '#/components/schemas/Key'
        value:
          type: string
        encoding:
          $ref: '#/components/schemas/Encoding'
        flags:
          $ref: '#/components/schemas/Flags'
        ttl:
          type: [integer, 'null']
          minimum: 0
          description: Seconds left; null when it never expires, absent when the backend cannot tell.
        cas:
          type: string
          pattern: '^[0-9]+$'
          description: The backend's token. It means nothing in another tier; use the ETag.
        tier:
          type: string
          description: The name of the tier that had it.
      required: [key, value, flags, tier]
      additionalProperties: false
    ItemInput:
      type: object
      allOf:
        - $ref: '#/components/schemas/EncodedValue'
      properties:
        key:
          $ref: '#/components/schemas/SameKey'
        value:
          type: string
        encoding:
          $ref: '#/components/schemas/Encoding'
        flags:
          $ref: '#/components/schemas/Flags'
        ttl:
          $ref: '#/components/schemas/NullableTTL'
      required: [value]
      additionalProperties: false
    PieceInput:
      type: object
      allOf:
        - $ref: '#/components/schemas/EncodedValue'
      properties:
        key:
          $ref: '#/components/schemas/SameKey'
        value:
          type: string
        encoding:
          $ref: '#/components/schemas/Encoding'
      required: [value]
      additionalProperties: false
    CounterInput:
      type: object
      properties:
        key:
          $ref: '#/components/schemas/SameKey'
        delta:
          $ref: '#/components/schemas/Counter'
        initial:
          $ref: '#/components/schemas/Counter'
        ttl:
          $ref: '#/components/schemas/NullableTTL'
      dependentRequired:
        ttl: [initial]
      additionalProperties: false
    NamedCounterInput:
      type: object
      properties:
        key:
          $ref: '#/components/schemas/Key'
        delta:
          $ref: '#/components/schemas/Counter'
        initial:
          $ref: '#/components/schemas/Counter'
        ttl:
          $ref: '#/components/schemas/NullableTTL'
      required: [key]
      dependentRequired:
        ttl: [initial]
      additionalProperties: false
    CounterValue:
      type: object
      properties:
        key:
          $ref: '#/components/schemas/Key'
        value:
          type: string
          pattern: '^[0-9]{1,20}$'
      required: [key, value]
      additionalProperties: false
    Batch:
      type: object
      properties:
        operations:
          type: array
          maxItems: 1000
          items:
            $ref: '#/components/schemas/Operation'
      required: [operations]
      additionalProperties: false
    Operation:
      description: A verb and a key, and what a request of its own would have in its body and its headers.
      oneOf:
        - $ref: '#/components/schemas/GetOperation'
        - $ref: '#/components/schemas/StoreOperation'
        - $ref: '#/components/schemas/CasOperation'
        - $ref: '#/components/schemas/DeleteOperation'
        - $ref: '#/components/schemas/PieceOperation'
        - $ref: '#/components/schemas/CounterOperation'
        - $ref: '#/components/schemas/TouchOperation'
    GetOperation:
      type: object
      description: As GET.
      properties:
        op:
          const: get
        key:
          $ref: '#/components/schemas/Key'
        ifMatch:
          $ref: '#/components/schemas/ETagCondition'
        ifNoneMatch:
          $ref: '#/components/schemas/ETagCondition'
      required: [op, key]
      additionalProperties: false
    StoreOperation:
      type: object
      description: As PUT; add with `If-None-Match` `*`, replace with `If-Match` `*`.
      allOf:
        - $ref: '#/components/schemas/EncodedValue'
      properties:
        op:
          type: string
          enum: [set, add, replace]
        key:
          $ref: '#/components/schemas/Key'
        value:
          type: string
        encoding:
          $ref: '#/components/schemas/Encoding'
        flags:
          $ref: '#/components/schemas/Flags'
        ttl:
          $ref: '#/components/schemas/NullableTTL'
        ifMatch:
          $ref: '#/components/schemas/IfMatch'
        ifNoneMatch:
          const: '*'
      required: [op, key, value]
      additionalProperties: false
    CasOperation:
      type: object
      description: As PUT with `If-Match` and an ETag.
      allOf:
        - $ref: '#/components/schemas/EncodedValue'
      properties:
        op:
          const: cas
        key:
          $ref: '#/components/schemas/Key'
        value:
          type: string
        encoding:
          $ref: '#/components/schemas/Encoding'
        flags:
          $ref: '#/components/schemas/Flags'
        ttl:
          $ref: '#/components/schemas/NullableTTL'
        ifMatch:
          $ref: '#/components/schemas/IfMatchTags'
      required: [op, key, value, ifMatch]
      additionalProperties: false
    DeleteOperation:
      type: object
      description: As DELETE.
      properties:
        op:
          const: delete
        key:
          $ref: '#/components/schemas/Key'
        ifMatch:
          $ref: '#/components/schemas/IfMatch'
      required: [op, key]
      additionalProperties: false
    PieceOperation:
      type: object
      description: As POST to `append` or `prepend`.
      allOf:
        - $ref: '#/components/schemas/EncodedValue'
      properties:
        op:
          type: string
          enum: [append, prepend]
        key:
          $ref: '#/components/schemas/Key'
        value:
          type: string
        encoding:
          $ref: '#/components/schemas/Encoding'
      required: [op, key, value]
      additionalProperties: false
    CounterOperation:
      type: object
      description: As POST to `incr` or `decr`.
      properties:
        op:
          type: string
          enum: [incr, decr]
        key:
          $ref: '#/components/schemas/Key'
        delta:
          $ref: '#/components/schemas/Counter'
        initial:
          $ref: '#/components/schemas/Counter'
        ttl:
          $ref: '#/components/schemas/NullableTTL'
      required: [op, key]
      dependentRequired:
        ttl: [initial]
      additionalProperties: false
    TouchOperation:
      type: object
      description: As POST to `touch`.
      properties:
        op:
          const: touch
        key:
          $ref: '#/components/schemas/Key'
        ttl:
          $ref: '#/components/schemas/NullableTTL'
      required: [op, key, ttl]
      additionalProperties: false
    BatchResults:
      type: object
      properties:
        results:
          type: array
          description: One an operation, in their order.
          items:
            $ref: '#/components/schemas/Result'
      required: [results]
      additionalProperties: false
    Result:
      type: object
      description: What the answer to a request of its own would have been.
      properties:
        status:
          type: integer
          minimum: 200
          maximum: 599
        etag:
          type: string
          description: The header `ETag`, of the item or of what was written, where the backend tells it.
        item:
          $ref: '#/components/schemas/Item'
        key:
          description: A counter's, beside its `value`.
          $ref: '#/components/schemas/Key'
        value:
          type: string
          description: A counter's new value.
          pattern: '^[0-9]{1,20}$'
        problem:
          description: Of a status of 400 and more.
          $ref: '#/components/schemas/Problem'
      required: [status]
      dependentRequired:
        key: [value]
        value: [key]
      additionalProperties: false
    Items:
      type: object
      properties:
        items:
          type: array
          items:
            $ref: '#/components/schemas/Item'
        missing:
          type: array
          description: Keys that every consulted tier missed.
          items:
            $ref: '#/components/schemas/Key'
        errors:
          type: array
          description: Keys that could not be looked for.
          items:
            $ref: '#/components/schemas/KeyProblem'
      required: [items, missing, errors]
      additionalProperties: false
    Problem:
      type: object
      description: RFC 9457, with members of our own where they apply.
      properties:
        type:
          type: string
          format: uri-reference
          description: Which kind of problem it is; relative to the root. Its end is the same word as in logs.
        title:
          type: string
          description: The kind in words; the same for each occurrence.
        status:
          type: integer
          minimum: 400
          maximum: 599
          description: The HTTP status.
        detail:
          type: string
          description: What happened this time, for people.
        instance:
          type: string
          format: uri-reference
          description: The id of this request, its `X-Request-Id` or one of ours, which the log has too.
        reason:
          type: string
          enum: [exists, changed, missing]
          description: Which precondition failed, of a 412.
        tier:
          type: string
          description: The tier that failed.
        node:
          type: string
          description: The node that failed.
        memcached:
          type: string
          description: The server's own line.
        outcome:
          type: string
          enum: [applied, not-applied, unknown]
          description: What became of the write.
        tiers:
          description: |
            What became of it in each tier that it was to change, in the order of the steps, when there is more
            than one: the older tiers' copies of a write's key, then the primary; the nodes of a flush.
          $ref: '#/components/schemas/TierOutcomes'
      required: [type, title, status, detail, instance]
    KeyProblem:
      type: object
      description: Why one key of several could not be looked for; the members of a problem.
      properties:
        key:
          $ref: '#/components/schemas/Key'
        type:
          type: string
          format: uri-reference
        status:
          type: integer
          minimum: 400
          maximum: 599
        title:
          type: string
        detail:
          type: string
        tier:
          type: string
        node:
          type: string
      required: [key, type, status, title, detail]
      additionalProperties: false
    Health:
      type: object
      properties:
        status:
          type: string
          enum: [live, ready]
      required: [status]
    MigrationVerdict:
      type: object
      properties:
        verdict:
          $ref: '#/components/schemas/Verdict'
        reasons:
          $ref: '#/components/schemas/MigrationReasons'
      required: [verdict, reasons]
    Verdict:
      type: string
      enum: [ready, wait, blocked]
    MigrationReasons:
      type: array
      description: All that is in the way of `ready`, those first that do not go away by waiting.
      items:
        type: object
        properties:
          verdict:
            type: string
            enum: [wait, blocked]
          code:
            type: string
            description: |
              * `no-older-tier`: nothing can be known of what only it has.
              * `primary-not-up`: a node of the primary is not up in every worker.
              * `reads-failed`: of more keys than the maximum share nobody knows whether the tier has them.
              * `overflowed-invalidations`: an older tier is not read, as too many stale copies are in it.
              * `not-copied`: what only older tiers have stays there; the detail names the setting.
              * `window-not-full`: too short a time was seen since the start or the last change of tiers.
              * `few-reads`: fewer keys were read than `--migration-min-reads`.
              * `no-hits`: no tier had any of them.
              * `older-hits`: older tiers had more of all hits than `--migration-max-older-hits`.
              * `owed-invalidations`: stale copies in an older tier are still to be deleted.
            enum: [no-older-tier, primary-not-up, reads-failed, overflowed-invalidations, not-copied, window-not-full, few-reads, no-hits, older-hits, owed-invalidations]
          tier:
            type: string
            description: Where one is meant.
          detail:
            type: string
            description: The numbers, and what they have to be.
        required: [verdict, code, detail]
    Migration:
      type: object
      description: All counts are those of the seconds that were observed, and of this gateway.
      properties:
        verdict:
          $ref: '#/components/schemas/Verdict'
        reasons:
          $ref: '#/components/schemas/MigrationReasons'
        primary:
          type: string
        window_seconds:
          type: number
          description: '`--migration-window`.'
        observed_seconds:
          type: number
          description: |
            How long was looked: less than the window at first, then as long, and up to a sixtieth or a second more.
        reads:
          type: integer
          minimum: 0
          description: Keys that were read.
        older_share_of_hits:
          type: number
          description: Hits of older tiers in the hits of all; left out when there are no hits.
        maximum_older_share_of_hits:
          type: number
          description: '`--migration-max-older-hits`.'
        older_hits_per_second:
          type: number
          description: What will come to whatever is behind the cache, when only the primary is asked.
        tiers:
          type: array
          items:
            type: object
            properties:
              name:
                type: string
              role:
                type: string
                enum: [primary, older]
              mode:
                type: string
                enum: [serving, draining]
                description: One that drains is not read, which is the trial without it.
              hits:
                type: integer
                minimum: 0
              misses:
                type: integer
                minimum: 0
              errors:
                type: integer
                minimum: 0
                description: Asked in vain.
              skips:
                type: integer
                minimum: 0
                description: Not asked, as the node is ejected or the copy there is stale.
              share_of_hits:
                type: number
                description: In the hits of all tiers; left out when there are none.
              hits_per_second:
                type: number
              owed_invalidations:
                type: integer
                minimum: 0
                description: Stale copies in it that are still to be deleted.
              overflowed_invalidations:
                type: integer
                minimum: 0
                description: How many more there were than `--max-owed`, since the tier was flushed.
            required: [name, role, mode, hits, misses, errors, skips, hits_per_second, owed_invalidations, overflowed_invalidations]
        backfill:
          $ref: '#/components/schemas/BackfillCounts'
      required: [verdict, reasons, primary, window_seconds, observed_seconds, reads, maximum_older_share_of_hits, older_hits_per_second, tiers, backfill]
    Stats:
      type: object
      properties:
        backfill:
          $ref: '#/components/schemas/BackfillCounts'
        tiers:
          type: array
          items:
            type: object
            properties:
              name:
                type: string
              owed_invalidations:
                type: integer
                minimum: 0
                description: |
                  Copies in this tier that a write made stale while it could not be reached. None of them is
                  served; each is tried again until it is deleted.
              overflowed_invalidations:
                type: integer
                minimum: 0
                description: How many more there were than `--max-owed`, since the tier was flushed.
              served:
                type: boolean
                description: |
                  False when there were more: then nothing is read from this tier until it is flushed.
              nodes:
                type: array
                items:
                  $ref: '#/components/schemas/NodeStats'
            required: [name, owed_invalidations, overflowed_invalidations, served, nodes]
      required: [backfill, tiers]
    BackfillCounts:
      type: object
      description: |
        Hits of older tiers by what became of their copies in the primary: of all workers, in `/stats` since the
        start. What was promoted for a verb is not among them.
      properties:
        stored:
          type: integer
          minimum: 0
        exists:
          type: integer
          minimum: 0
          description: The primary had the key meanwhile.
        too_large:
          type: integer
          minimum: 0
          description: Larger than `--backfill-max-size`, or than the server takes.
        expired:
          type: integer
          minimum: 0
          description: Less than `--backfill-min-ttl` of the ttl was left.
        suppressed:
          type: integer
          minimum: 0
          description: The key was written, or the primary flushed, within `--backfill-suppression`.
        collapsed:
          type: integer
          minimum: 0
          description: Another one of the same key was on its way.
        limited:
          type: integer
          minimum: 0
          description: Over `--backfill-items-per-second` or `--backfill-bytes-per-second`.
        failed:
          type: integer
          minimum: 0
          description: The primary did not answer, or with an error.
      required: [stored, exists, too_large, expired, suppressed, collapsed, limited, failed]
    Whereabouts:
      type: object
      description: What each tier says of a key.
      required: [key, tiers]
      additionalProperties: false
      properties:
        key:
          type: string
        tiers:
          type: array
          items:
            type: object
            required: [name, role, node, served]
            additionalProperties: false
            properties:
              name:
                type: string
              role:
                type: string
                enum: [primary, older]
              node:
                type: string
                description: The node that has the key's place in the ring.
              protocol:
                type: string
                enum: [classic, meta, memory]
                description: What the node speaks; left out while it has never been reached.
              present:
                type: boolean
                description: Left out when the node could not be asked.
              ttl:
                type: [integer, 'null']
                minimum: 0
                description: Seconds that are left, `null` = never expires; left out where the node cannot tell.
              size:
                type: integer
                minimum: 0
                description: Of the value, in bytes.
              flags:
                type: integer
                minimum: 0
                maximum: 4294967295
              cas:
                type: string
                pattern: '^[0-9]+$'
              fetched:
                type: boolean
                description: Whether the item was ever read since it was stored.
              seconds_since_access:
                type: integer
                minimum: 0
                description: Since it was last stored, touched or read.
              sha256:
                type: string
                pattern: '^[0-9a-f]{64}$'
                description: Of the value, as `sha256sum` prints it.
              same_as_primary:
                type: boolean
                description: Whether the value is the primary's; left out where the primary has none or failed.
              unknown:
                type: array
                items:
                  type: string
                  enum: [cas, fetched, seconds_since_access, ttl]
                description: What is left out because this node cannot tell it.
              served:
                type: boolean
                description: |
                  False while the copy is stale and waits to be deleted, or more such copies are owed to the tier than
                  can be remembered: readers are not given it.
              counted_as_access:
                type: boolean
                description: Whether the look was an access to the server; only where there is an item.
              error:
                type: string
                description: Why the node could not be asked.
    Tiers:
      type: object
      properties:
        tiers:
          type: array
          description: In the order of asking.
          items:
            type: object
            properties:
              name:
                type: string
              role:
                type: string
                enum: [primary, older]
              mode:
                $ref: '#/components/schemas/TierMode'
              distribution:
                type: string
                description: How its keys are divided, as set (`--distribution`); says nothing for one node.
              protocol:
                type: string
                enum: [auto, classic, meta, proxy]
                description: As set (`--protocol`).
              nodes:
                type: array
                items:
                  $ref: '#/components/schemas/Node'
            required: [name, role, mode, distribution, protocol, nodes]
            additionalProperties: false
      required: [tiers]
    TierMode:
      type: string
      enum: [serving, draining]
      description: |
        `draining`: an older tier that reads do not look in any more, though writes still delete what is stale
        there. So it shows whether anybody misses it before it is taken away, and can be read again.
    TierMembers:
      type: object
      description: What can be set for one tier, as in a configuration file; files are named, not sent.
      properties:
        name:
          type: string
          pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}$'
        nodes:
          type: array
          minItems: 1
          items:
            type: string
            description: HOST[:PORT], unix:PATH or memory:SIZE.
        mode:
          $ref: '#/components/schemas/TierMode'
        distribution:
          type: string
        weights:
          type: array
          items: {type: integer, minimum: 1, maximum: 65535}
        labels:
          type: array
          items: {type: string}
        protocol:
          type: string
          enum: [auto, classic, meta, proxy]
        tls:
          type: string
          enum: ['off', 'on', insecure]
        tls_ca: {type: string}
        tls_certificate: {type: string}
        tls_key: {type: string}
        auth: {type: string}
      additionalProperties: false
    TierChange:
      description: |
        Members of a tier as in `PUT /tiers`. What is given changes, `null` takes away what is set, the rest stays.
      type: object
      minProperties: 1
      propertyNames:
        enum:
          [name, nodes, mode, distribution, weights, labels, protocol, tls, tls_ca, tls_certificate, tls_key, auth]
    TierChanges:
      type: object
      description: |
        The tiers in the order of asking, and by their keys of the configuration file other settings that are to
        change with them: `policy`, those of backfill, `operation_timeout`, `node_timeout`, `connect_timeout`,
        `eject_after`, `max_owed`, `max_keys` and others that do not need a restart.
      properties:
        tiers:
          type: array
          minItems: 1
          items:
            allOf:
              - $ref: '#/components/schemas/TierMembers'
              - required: [name, nodes]
      required: [tiers]
      additionalProperties: true
    NodeState:
      type: string
      enum: [connecting, up, suspect, ejected, probing, closed]
      description: |
        The worst that any worker sees. `connecting`: there is no connection yet, or not again; requests wait
        for it. `suspect`: it is asked, but did not answer the last in time. `ejected`: it is not asked, and
        is tried again after a while; `probing`: that is being done.
    Node:
      type: object
      properties:
        name:
          type: string
        state:
          $ref: '#/components/schemas/NodeState'
        protocol:
          type: string
          enum: [classic, meta, memory]
          description: What it speaks; absent until it has been found.
        version:
          type: string
          description: The server's; absent until it has been found.
        in_flight:
          type: integer
          minimum: 0
          description: Requests of all workers that wait for the node's answer.
        error:
          type: string
          description: Why it is not up.
      required: [name, state, in_flight]
      additionalProperties: false
    NodeStats:
      type: object
      properties:
        name:
          type: string
        state:
          $ref: '#/components/schemas/NodeState'
        protocol:
          type: string
          enum: [classic, meta, memory]
          description: Absent until it has been found.
        version:
          type: string
          description: The server's; absent until it has been found.
        in_flight:
          type: integer
          minimum: 0
          description: Requests of all workers that wait for the node's answer.
        error:
          type: string
          description: Why the node did not answer.
        stats:
          type: object
          description: Absent when the node did not answer.
          additionalProperties:
            type: string
      required: [name, state, in_flight]
    Flushed:
      type: object
      properties:
        tiers:
          $ref: '#/components/schemas/TierOutcomes'
      required: [tiers]
    TierOutcomes:
      type: array
      items:
        type: object
        properties:
          tier:
            type: string
          node:
            type: string
          outcome:
            type: string
            enum: [applied, not-applied, unknown]
            description: |
              Of an older tier's copy, `applied` means that it is gone or, mirrored, written, or that there was none;
              otherwise it is owed.
          detail:
            type: string
            description: Why it was not done, or nobody knows.
        required: [tier, outcome]
        additionalProperties: false

"""#
}
