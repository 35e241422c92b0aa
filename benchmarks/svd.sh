#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# PPMI-SVD after counting: seconds of each phase, GFLOP/s, accuracy; one thread, two threads, two ranks,
# interleaved. d = 300, window 10.
# Usage: ./dev bench svd [ROUNDS]
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
rounds=${1:-3}
"$WORDSHARD" prepare "$text" -o "$work/corpus.h5" --quiet >/dev/null
"$WORDSHARD" cooccur "$work/corpus.h5" -o "$work/cooc.h5" --quiet >/dev/null

run() { # NAME RANKS THREADS
    local name=$1 key measured=""
    "$MPIRUN" "$2" "$WORDSHARD" train "$work/cooc.h5" -o "$work/run.h5" --overwrite --model ppmi-svd --dim 300 \
        --threads "$3" --quiet --json >"$work/train.json"
    for key in seconds ppmi_seconds sparse_seconds sparse_gflops dense_seconds dense_gflops small_seconds; do
        measured+=" $(json "$key" "$work/train.json")"
    done
    echo "$name$measured" >>"$work/table"
    # shellcheck disable=SC2086 # one word for each number
    printf '{"benchmark": "svd", "way": "%s", "round": %d, "seconds": %s, "ppmi_seconds": %s, "sparse_seconds": %s, "sparse_gflops": %s, "dense_seconds": %s, "dense_gflops": %s, "small_seconds": %s}\n' \
        "$name" "$round" $measured
}

for round in $(seq "$rounds"); do
    run 1-thread 1 1
    run 2-threads 1 2
    run 2-ranks 2 1
done
echo "medians: way seconds ppmi sparse GFLOP/s dense GFLOP/s small"
medians "$work/table"
echo "analogies, % / WS353 / SimLex of the last run: $(accuracy "$work/run.h5")"
