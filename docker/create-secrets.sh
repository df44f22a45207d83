#!/bin/sh
# Writes the secrets that the compose files read, once; existing files are kept.
# The folder is closed to others; the files are readable, because services run as users of their own.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
cd secrets
random() { head -c "$1" /dev/urandom | base64 | tr -d '\n'; }
password() { random 24 | tr '+/' '-_'; }
[ -e postgres_password ] || password >postgres_password
[ -e redis_password ] || password >redis_password
[ -e master_key ] || random 32 >master_key
[ -e database_url ] || printf 'postgres://gatehouse:%s@postgres:5432/gatehouse' "$(cat postgres_password)" >database_url
[ -e redis_url ] || printf 'redis://:%s@redis:6379' "$(cat redis_password)" >redis_url
chmod 644 ./*
echo "Secrets are in $(pwd). Keep master_key: without it, stored upstream credentials cannot be read."
