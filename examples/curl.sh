#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
#
# The whole life of a key, with curl, and jq for what is JSON.
#
#     ./curl.sh http://127.0.0.1:8080
set -euo pipefail

gateway=${1%/}
prefix=example:$$-$RANDOM: # so that two runs do not meet
unicode_key=ключ-鍵-🗝
odd_key='50%/a+b?c#d'
json='Content-Type: application/json'
work=$(mktemp -d)
body=$work/body
checks=0

# send METHOD TARGET [OPTION...]: leaves the answer in $status and the file $body.
send() {
  : >"$body"
  status=$(curl --silent --show-error --max-time 5 --request "$1" --output "$body" \
    --dump-header "$work/head" --write-out '%{http_code}' "${@:3}" "$gateway$2")
}

# encode KEY: every byte of it as %XX, which is right for any; curl leaves the paths of URLs as they are.
encode() { printf %s "$prefix$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g'; }

path() { printf /keys/%s "$(encode "$1")"; }

member() { jq -r ".$1" "$body"; }

# read_value KEY: 0 and the value's bytes in the file $body; 1 when no tier has the key; 2 for any other
# failure, which is no miss.
read_value() {
  send GET "$(path "$1")" -H 'Accept: application/octet-stream'
  case $status in 200) return 0 ;; 404) return 1 ;; *) return 2 ;; esac
}

# check WHAT GOT EXPECTED
check() {
  if [[ $2 != "$3" ]]; then
    echo "$1: got $2, expected $3" >&2
    exit 1
  fi
  checks=$((checks + 1))
  echo "$1: $2"
}

clean_up() {
  local key
  for key in user other visits bytes "$unicode_key" "$odd_key"; do
    send DELETE "$(path "$key")" || break # nobody is there to clean up
  done
  rm -r "$work"
}
trap clean_up EXIT

send PUT "$(path user)" -H "$json" -d '{"value":"Ada","flags":7,"ttl":300}'
check "put as JSON" "$status" 204
send GET "$(path user)"
check "get as JSON, with its flags" "$(member value) $(member flags)" "Ada 7"
etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' "$work/head")
read_value user
check "get the bare bytes" "$(cat "$body")" Ada

# The ETag stands for the item as it was read: with it, PUT is compare-and-swap.
send PUT "$(path user)" -H "If-Match: $etag" -d Grace
check "cas with the ETag" "$status" 204
send PUT "$(path user)" -H "If-Match: $etag" -d Alan
check "cas with the old ETag" "$status $(member reason)" "412 changed"
send PUT "$(path user)" -H 'If-None-Match: *' -d Alan
check "add what is there" "$status $(member reason)" "412 exists"
send PUT "$(path other)" -H 'If-None-Match: *' -d new
check "add what is not there" "$status" 201

# Counters are strings, since jq, too, loses digits of numbers above 2^53.
send POST "$(path visits)/incr?delta=5&initial=10"
check "incr creates" "$status $(member value)" "201 10"
send POST "$(path visits)/incr?delta=5"
check "incr adds" "$status $(member value)" "200 15"
send POST "$(path user)/append" -d ' Hopper'
check "append" "$status" 204
send POST "$(path user)/touch?ttl=600"
check "touch" "$status" 204
send GET "$(path user)"
check "what became of it" "$(jq -r '"\(.value), \(.ttl / 60 | round) minutes"' "$body")" \
  "Grace Hopper, 10 minutes"

send POST /batch -H "$json" -d "{\"operations\":[
  {\"op\":\"set\",\"key\":\"${prefix}other\",\"value\":\"batched\"},
  {\"op\":\"get\",\"key\":\"${prefix}other\"},
  {\"op\":\"add\",\"key\":\"${prefix}other\",\"value\":\"too late\"},
  {\"op\":\"delete\",\"key\":\"${prefix}nothing\"}]}"
check "batch" "$(jq -r '[.results[].status | tostring] | join(" ")' "$body")" "204 200 412 404"
send GET "/keys?key=$(encode user)&key=$(encode other)&key=$(encode nothing)"
counts='"\(.items | length) items, \(.missing | length) missing, \(.errors | length) errors"'
check "multi-get" "$(jq -r "$counts" "$body")" "2 items, 1 missing, 0 errors"

send DELETE "$(path user)"
check "delete" "$status" 204
look() {
  if read_value "$1"; then cat "$body"; elif [[ $? == 1 ]]; then echo nothing; else echo "$status"; fi
}
check "a miss is no error" "$(look user)" nothing
check "an error is no miss" "$(look 'a key with spaces')" 400

same() { cmp -s "$1" "$work/every" && echo the same || echo others; }
printf %b "$(printf '\\x%x' {0..255})" >"$work/every"
send PUT "$(path bytes)" --data-binary "@$work/every"
check "put every byte" "$status" 204
read_value bytes
check "get them" "$(same "$body")" "the same"
send GET "$(path bytes)"
member value | base64 -d >"$work/decoded"
check "get them in JSON" "$(member encoding), $(same "$work/decoded")" "base64, the same"
send PUT "$(path bytes)" -H "$json" -d "{\"value\":\"$(base64 -w 0 "$work/every")\",\"encoding\":\"base64\"}"
put=$status
read_value bytes
check "put them in JSON" "$put, $(same "$body")" "204, the same"

for key in "$unicode_key" "$odd_key"; do
  send PUT "$(path "$key")" -d x
  check "put" "$status" 204
  send GET "$(path "$key")"
  key_there=$(member key)
  check "its key" "${key_there#"$prefix"}" "$key"
done
echo "$checks checks passed"
