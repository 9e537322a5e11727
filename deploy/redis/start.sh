#!/bin/sh
# Starts Redis with its password, which shows in no list of processes. It keeps nothing: all that it holds is a copy.
set -eu
umask 077
{
    printf 'requirepass %s\n' "$(cat /run/secrets/redis_password)"
    printf 'save ""\nappendonly no\nmaxmemory %s\nmaxmemory-policy allkeys-lru\n' "${REDIS_MEMORY:-192mb}"
    printf 'protected-mode no\nbind * -::*\ntcp-keepalive 60\ndir /tmp\n'
} > /tmp/redis.conf
exec redis-server /tmp/redis.conf
