#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# checkpoint.sh [ROUNDS]: seconds that a checkpoint of 2 x WORDS x DIM floats takes (1,000,000 x 300), beside
# dd with fsync of as many bytes of memory, to the same folder; interleaved, medians. RANKS (1).
set -eu
source "$SOURCE/benchmarks/common.sh"
rounds=${1:-3} words=${WORDS:-1000000} dim=${DIM:-300} ranks=${RANKS:-1}
memory=$(mktemp /dev/shm/wordshard-bench.XXXXXX)
trap 'rm -rf "$work" "$memory"' EXIT
cd "$work"

# Each word twice, in documents of twenty.
awk -v n="$words" 'BEGIN { for (r = 0; r < 2; r++) for (i = 0; i < n; i += 20) {
    for (j = i; j < i + 20; j++) printf "w%07d ", j; printf "\n" } }' >text.txt
"$WORDSHARD" prepare text.txt -o corpus.h5 --min-count 1 -q >/dev/null

keep() { # a run of which a checkpoint is kept, once training has begun
    "$MPIRUN" "$ranks" "$WORDSHARD" train corpus.h5 -o run.h5 --dim "$dim" --epochs 1000 --snapshots last \
        --restart --checkpoint-every 3s --max-time 120s >run.out 2>run.err &
    local job=$!
    until grep -q 'checkpoint of' run.err || ! kill -0 "$job" 2>/dev/null; do sleep 0.5; done
    kill -USR1 "$job" 2>/dev/null || true
    wait "$job" || true
    sed -n 's/.* written to .* in \([0-9.]*\) s$/\1/p' run.err | head -1
}

head -c $((2 * words * ((dim + 15) / 16 * 16) * 4)) /dev/urandom >"$memory"
bytes=$(stat -c %s "$memory")
for ((i = 0; i < rounds; i++)); do
    begin=$(date +%s%N)
    dd if="$memory" of=copy bs=64M conv=fsync status=none
    end=$(date +%s%N)
    rm copy
    awk -v bytes="$bytes" -v ns=$((end - begin)) -v ours="$(keep)" 'BEGIN { dd = ns / 1e9
        printf "{\"bytes\": %.0f, \"dd_seconds\": %.2f, \"checkpoint_seconds\": %.2f, \"dd_mb_per_s\": %.0f, \"checkpoint_mb_per_s\": %.0f}\n", bytes, dd, ours, bytes / dd / 1e6, bytes / ours / 1e6 }'
    rm -rf run.ckpt
done | tee rows
awk -F '[:,}]' '{ print "seconds", $4, $6 }' rows >columns
medians columns | awk '{ printf "{\"median_dd_seconds\": %.2f, \"median_checkpoint_seconds\": %.2f, \"speed_of_dd\": %.2f}\n", $2, $3, $2 / $3 }'
