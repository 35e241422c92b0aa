#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Replicas whose rows are cut over ranks (--replicate): what a rank needs in memory, and what a token
# costs on the network, beside what --dry-run foretells. One rank stands for a node. All words of the
# text are kept (--min-count 1), so that the tables are large; one epoch, d = 300, 5 negatives, sample 1e-4.
# Usage: ./dev bench replicate [RANKS...]   (default 1 2 4 8; about 10 minutes on 2 cores)
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
[ $# -gt 0 ] || set -- 1 2 4 8
"$WORDSHARD" prepare "$text" -o "$work/corpus.h5" --min-count "${MIN_COUNT:-1}" --quiet >/dev/null

# run NAME RANKS ARGS...
run() {
    local name=$1 ranks=$2 told
    shift 2
    local -a args=(train "$work/corpus.h5" -o "$work/run.h5" --overwrite --dim 300 --epochs 1 --threads 1
        --snapshots last --json "$@")
    "$MPIRUN" "$ranks" "$WORDSHARD" "${args[@]}" --dry-run >"$work/dry.json"
    "$MPIRUN" "$ranks" "$WORDSHARD" "${args[@]}" --quiet >"$work/train.json"
    told=$(json bytes_per_token "$work/dry.json")
    awk -v name="$name" -v ranks="$ranks" -v memory="$(json peak_memory "$work/train.json")" \
        -v estimate="$(json memory_per_rank "$work/dry.json")" -v sent="$(json bytes_sent "$work/train.json")" \
        -v tokens="$(json tokens "$work/train.json")" -v told="$told" -v speed="$(json words_per_second "$work/train.json")" 'BEGIN {
        printf "{\"benchmark\": \"replicate\", \"rows\": \"%s\", \"ranks\": %d, \"peak_mib\": %.0f, \"estimate_mib\": %.0f, ", name, ranks,
            memory / 1048576, estimate / 1048576
        printf "\"bytes_per_token\": %.1f, \"foretold\": %.1f, \"words_per_second\": %.0f}\n", sent / tokens, told, speed }'
}
for ranks in "$@"; do
    if [ "$ranks" = 1 ]; then
        run all 1
        continue
    fi
    run all "$ranks" --replicas "$ranks" --replicate all --merge-every "${MERGE_EVERY:-40000}"
    run 5000 "$ranks" --replicas "$ranks" --replicate 5000 --merge-every "${MERGE_EVERY:-40000}"
    run 0 "$ranks" --replicas "$ranks" --replicate 0 --merge-every "${MERGE_EVERY:-40000}"
    run 0,bfloat16 "$ranks" --replicas "$ranks" --replicate 0 --messages bfloat16 --merge-every "${MERGE_EVERY:-40000}"
done
