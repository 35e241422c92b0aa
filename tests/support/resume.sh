# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests of stops and resumption, after claims.sh.

# same_run A B: both run files hold the same tables, snapshots and losses to the bit; how long it took,
# where, and the norm of updates, whose sum follows the ranks, may differ.
same_run() {
    h5diff --exclude-path /provenance --exclude-path /training/seconds --exclude-path /training/update_norm "$1" "$2"
}

# same_tables A B: the same vectors and contexts.
same_tables() {
    h5diff "$1" "$2" /vectors && h5diff "$1" "$2" /context
}

# stopped NAME COMMAND...: it must stop with 85 and one line of error, within a minute.
stopped() {
    local name=$1 got
    shift
    timeout 60 "$@" >stopped.out 2>stopped.err
    got=$?
    claim "$name: exit code 85, not $got" test "$got" -eq 85
    claim "$name: says in one line that it goes on" sh -c '[ "$(grep -c "wordshard: error: stopped by .*the same command goes on from" stopped.err)" -eq 1 ]'
}

# until_done COMMAND...: the same command again and again, until it is done; how often it was
# stopped is in $stops.
until_done() {
    local code
    stops=0
    for (( ; stops < 100; stops++)); do
        timeout 60 "$@" >done.out 2>done.err
        code=$?
        [ "$code" -eq 85 ] || return "$code"
    done
    return 1
}

# rank_pids PATTERN: the ranks of a running job, in the order of their ids.
rank_pids() {
    pgrep -f "^$WORDSHARD .*$1"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
    local tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((tries--)) -gt 0 ] || return 1
        sleep 0.05
    done
}
