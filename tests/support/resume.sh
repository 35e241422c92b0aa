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

# rank_pids PATTERN: the ranks of a job that runs in this folder, in the order of their ids.
rank_pids() {
    local pid
    for pid in $(pgrep -f "^$WORDSHARD .*$1"); do
        [ ! "/proc/$pid/cwd" -ef . ] || echo "$pid"
    done
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

# the_same NAME "RANKS..." ARGS...: stopped over and over, after 0.3 s or what is in $limit, on other
# ranks each time, it ends with the bits of a run that was never stopped. Uses the functions
# train RANKS OUTPUT ARGS... and $same.
the_same() {
    local name=$1 ways=$2 k n=0
    shift 2
    claim "$name: straight" train 1 straight.h5 --overwrite -q "$@"
    rm -rf cut.*
    for k in $ways; do
        train "$k" cut.h5 --max-time "${limit:-0.3s}" "$@" >cut.out 2>>cut.err
        [ $? -eq 85 ] || break
        n=$((n + 1))
    done
    claim "$name: was stopped" test "$n" -gt 0
    [ -e cut.h5 ] || claim "$name: goes on to the end" train "$k" cut.h5 -q "$@"
    claim "$name: the same bits" "$same" straight.h5 cut.h5
    claim "$name: the checkpoints are gone" test ! -e cut.ckpt
}

# in_the_middle PART...: a run of the_same was stopped at another part of an epoch than these.
in_the_middle() {
    sed -n 's/.*error: stopped by --max-time in epoch [0-9]*, \([0-9.]*\) %.*/\1/p' cut.err | grep -vxF "$(printf '%s\n' "$@")"
}

# often NAME RANKS ARGS...: checkpoints all the time change no bit. Uses train.
often() {
    local name=$1 ranks=$2
    shift 2
    rm -f many.h5
    claim "$name: straight" train 1 straight.h5 --overwrite -q "$@"
    claim "$name: many checkpoints" train "$ranks" many.h5 --checkpoint-every 0.03s "$@"
    cp claim.log many.log
    claim "$name: they were many" test "$(grep -c "checkpoint of epoch" many.log)" -gt 3
    claim "$name: the same bits" same_run straight.h5 many.h5
}

# signalled_in_train NAME RANKS WHICH ARGS...: SIGUSR1 to one rank of a long run, which goes on on two.
# Uses train.
signalled_in_train() {
    local name=$1 ranks=$2 which=$3 begin code
    shift 3
    rm -rf long.*
    train "$ranks" long.h5 --epochs 1000 --report-every 0.1s "$@" >long.out 2>long.err &
    local job=$!
    claim "$name: runs" wait_for 30 grep -q "epoch 2/1000" long.err
    mapfile -t pids < <(rank_pids "-o long.h5")
    begin=$(date +%s%N)
    kill -s USR1 "${pids[$which]}"
    wait "$job"
    code=$?
    claim "$name: exit code 85, not $code" test "$code" -eq 85
    claim "$name: within 3 s" test $((($(date +%s%N) - begin) / 1000000)) -lt 3000
    claim "$name: a checkpoint and nothing else" sh -c 'test ! -e long.h5 && test ! -e long.h5.partial && test -e long.ckpt/state-0.h5'
    train 2 long.h5 --epochs 1000 --max-time 0.3s "$@" >long.out 2>long.err
    code=$?
    claim "$name: goes on and is stopped again" test "$code" -eq 85
    claim "$name: says from where" grep -q "going on from long.ckpt/state-0.h5: epoch" long.err
}
