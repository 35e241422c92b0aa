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

# ---- for schedules that stop in the middle; all of these use the function train RANKS OUTPUT ARGS...

# interrupt RANKS OUTPUT ARGS...: SIGUSR1 to the last rank when training has begun or gone on, which its
# log shows by $sign; the exit code, 0 if it was done before. The log goes to OUTPUT without .h5 and with .err.
sign='epoch [0-9]*/\|going on from'
interrupt() {
    local ranks=$1 output=$2 log=${2%.h5}.err job pids
    rm -f "$log" # of an earlier one, which the signal must not follow
    train "$@" >refused.out 2>"$log" &
    job=$!
    began() { grep -q "$sign" "$log" || ! kill -0 "$job"; }
    wait_for 60 began
    mapfile -t pids < <(rank_pids "-o $output")
    [ ${#pids[@]} -eq 0 ] || kill -s USR1 "${pids[$((${#pids[@]} - 1))]}" 2>/dev/null
    wait "$job"
}

# interrupted NAME "RANKS..." ARGS...: interrupted on other ranks each time, it ends with the bits of a run
# that was never stopped.
interrupted() {
    local name=$1 ways=$2 ranks code
    shift 2
    claim "$name: straight" train 1 straight.h5 --overwrite -q "$@"
    rm -rf cut.* stops
    for ranks in $ways; do
        interrupt "$ranks" cut.h5 "$@"
        code=$?
        [ "$code" -ne 0 ] || break
        claim "$name: exit code 85, not $code" test "$code" -eq 85
        claim "$name: a checkpoint and nothing else" sh -c 'test ! -e cut.h5 && test ! -e cut.h5.partial && test -e cut.ckpt/state-0.h5'
        sed -n 's/.*error: stopped by .* in epoch [0-9]*, \([0-9.]*\) %; the same command goes on.*/\1/p' cut.err >>stops
    done
    claim "$name: was stopped" test -s stops
    [ -e cut.h5 ] || claim "$name: goes on to the end" train "$ranks" cut.h5 "$@"
    claim "$name: the same bits" same_run straight.h5 cut.h5
    claim "$name: the checkpoints are gone" test ! -e cut.ckpt
}

# in_the_middle NAME "RANKS..." ARGS...: `interrupted`, again until a stop was in the middle of an epoch, ten
# times at most: when the signal arrives is chance.
in_the_middle() {
    local tries
    for ((tries = 0; tries < 10; tries++)); do
        interrupted "$@"
        ! grep -qv '^0.0$' stops || break
    done
    claim "$1: in the middle" grep -v '^0.0$' stops
}

# often NAME RANKS ARGS...: checkpoints all the time change no bit.
often() {
    local name=$1 ranks=$2
    shift 2
    rm -f many.h5
    claim "$name: straight" train 1 straight.h5 --overwrite -q "$@"
    claim "$name: many checkpoints" train "$ranks" many.h5 --checkpoint-every 0.02s "$@"
    cp claim.log many.log
    claim "$name: some in the middle of an epoch" grep 'checkpoint of epoch [0-9]*, \([1-9]\|0[.][1-9]\)' many.log
    claim "$name: the same bits" same_run straight.h5 many.h5
}
