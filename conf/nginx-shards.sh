#!/bin/sh
# Runs nginx before the shards that Docker's DNS knows by the name SHARDS, and reloads it when they come and go: nginx
# asks for a name only when it starts. A shard that runs and does not answer (/healthz, three times) is left out.
set -eu
cd "$(dirname "$0")"

: "${SHARDS:=shard}" "${OUTER_PROXIES:=}" "${EVERY_S:=2}"
PORT=8080
TRIES=3

addresses() { getent ahostsv4 "$SHARDS" | awk '{ print $1 }' | sort -u; }

is_alive() {
  for _ in $(seq "$TRIES"); do
    curl -fs -o /dev/null -m 1 "http://$1:$PORT/healthz" && return
  done
  return 1
}

# Of all addresses those that answer; of none that do, all: rather one that fails than nothing to try.
living() {
  all=$(addresses)
  alive=$(for address in $all; do ! is_alive "$address" || echo "$address"; done)
  echo "${alive:-$all}"
}

write() {
  for address in $1; do echo "server $address:$PORT max_fails=1 fail_timeout=5s;"; done >shards.new
  # nginx does not start with nobody to pass on to.
  [ -s shards.new ] || echo "server 127.0.0.1:9 down;" >shards.new
  mv shards.new shards.conf
}

follow() {
  while sleep "$EVERY_S"; do
    now=$(living)
    if [ -z "$now" ] || [ "$now" = "$1" ]; then continue; fi
    echo "shards: $(echo "$now" | tr '\n' ' ')"
    write "$now"
    nginx -s reload
    set -- "$now"
  done
}

for proxy in $OUTER_PROXIES; do echo "set_real_ip_from $proxy;"; done >outer-proxies.conf
first=$(addresses)
write "$first"
follow "$first" &
exec nginx -g 'daemon off;'
