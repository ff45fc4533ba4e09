#!/bin/sh
# Draws the secrets of this overlay, once, into files that git does not see.
set -eu
cd "$(dirname "$0")"
umask 077

draw() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; } # 32 characters that an address may have in it

[ -e rabbitmq.env ] || printf 'username=ocppdiag\npassword=%s\n' "$(draw)" > rabbitmq.env
[ -e keys.env ] || printf 'credential=%s\nupload=%s\n' "$(draw)" "$(draw)" > keys.env
if [ ! -e redis.env ]; then
  password=$(draw)
  printf 'password=%s\nurl=redis://:%s@redis:6379/0\n' "$password" "$password" > redis.env
fi
