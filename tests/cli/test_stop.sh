#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stopping what keeps no checkpoint: prepare, cooccur and the counting before training end within seconds
# wherever a stop meets them, leave nothing behind, and begin again when they are given again.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

"$WORDSHARD" synth -o t.txt --tokens 1000000 --vocab 2000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1

"$WORDSHARD" cooccur c.h5 -o x.h5 --window 30 -q >/dev/null || exit 1

# stops_at NAME RANKS LIMIT TEXT ARGS...: stopped while it does TEXT; what was there before is as it was.
# Returns 1 if it ended before.
stops_at() {
    local name=$1 ranks=$2 limit=$3 text=$4 before code
    shift 4
    before=$(claims_files)
    on "$ranks" "$@" -q --threads 1 --max-time "$limit" >refused.out 2>refused.err
    code=$?
    [ "$code" -eq 0 ] && return 1
    claim "$name: leaves nothing" test "$before" = "$(claims_files)"
    claim "$name: exit code 85, not $code" test "$code" -eq 85
    claim "$name: says what it was doing" sh -c 'test "$(grep -c "wordshard: error: " refused.err)" -eq 1 && grep -q "stopped by --max-time while $1.*; nothing is kept of it" refused.err' sh "$text"
}

# whenever NAME RANKS SAME ARGS...: stopped ever later, until it is done and like SAME.
whenever() {
    local name=$1 ranks=$2 same=$3 stops=0 limit
    shift 3
    for limit in 0.001s 0.04s 0.1s 0.2s 0.4s 1s 60s; do
        stops_at "$name: $limit" "$ranks" "$limit" "" "$@" -o out.h5 || break
        stops=$((stops + 1))
    done
    claim "$name: was stopped" test "$stops" -gt 0
    claim "$name: is done when it may be" h5diff --exclude-path /provenance out.h5 "$same"
    rm -f out.h5
}
whenever "prepare" 1 c.h5 prepare t.txt
whenever "prepare on 3 ranks" 3 c.h5 prepare t.txt
whenever "cooccur" 1 x.h5 cooccur c.h5 --window 30
whenever "cooccur through scratch files" 2 x.h5 cooccur c.h5 --window 30 --memory 16M

must_stop() {
    stops_at "$@" || claim "$1: is stopped" false
}
must_stop "text for training" 2 0.001s "reading the text" train t.txt -o out.h5
must_stop "counting for GloVe" 2 0.2s "\(counting co-occurrences\|sorting the non-zeros\)" train c.h5 -o out.h5 --model glove --window 300
must_stop "a start for skip-gram" 2 0.8s "\(counting co-occurrences\|making the vectors to start from\)" train c.h5 -o out.h5 --init svd --iterations 1000 --dim 300
must_stop "the same by strata" 1 0.8s "\(counting co-occurrences\|making the vectors to start from\)" train c.h5 -o out.h5 --schedule strata --init svd --iterations 1000 --dim 300
must_stop "the same for GloVe" 1 0.8s "\(counting co-occurrences\|making the vectors to start from\)" train c.h5 -o out.h5 --model glove --init svd --iterations 1000 --dim 300

# catches PIDS...: all of them have been told what SIGUSR1 means.
catches() {
    local pid mask
    for pid; do
        mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status")
        [ $((0x$mask >> 9 & 1)) -eq 1 ] || return 1
    done
}

# signalled NAME RANKS WHICH INPUT ARGS...: one rank gets SIGUSR1 when all are at work.
signalled() {
    local name=$1 ranks=$2 which=$3 input=$4 begin code
    shift 4
    "$MPIRUN" "$ranks" "$WORDSHARD" "$@" -o out.h5 --threads 1 <"$input" >refused.out 2>refused.err &
    local job=$!
    sees() { mapfile -t pids < <(rank_pids "-o out.h5") && test ${#pids[@]} -eq "$ranks" && catches "${pids[@]}"; }
    claim "$name: runs" wait_for 30 sees
    sees
    sleep 0.2
    begin=$(date +%s%N)
    kill -s USR1 "${pids[$which]}"
    wait "$job"
    code=$?
    claim "$name: exit code 85, not $code" test "$code" -eq 85
    claim "$name: within 3 s" test $((($(date +%s%N) - begin) / 1000000)) -lt 3000
    claim "$name: leaves nothing" sh -c '! ls out.*'
}
signalled "a rank that counts" 3 1 /dev/null cooccur c.h5 --window 500
mkfifo pipe
sleep 60 >pipe &
writer=$!
signalled "a rank that waits for one that waits for text" 3 2 pipe prepare -
kill "$writer"
claims_end
