#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Skip-gram in every way to run it: threads, ranks that share rows, replicas. How fast, and how accurate?
# d = 300, window 5, 5 negatives, sample 1e-4, 3 epochs; one seed a round, the ways interleaved.
# Usage: ./dev bench train_ways [SEEDS]   (3 seeds of enwiki-100m: about 12 minutes on 2 cores)
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
seeds=${1:-3}
"$WORDSHARD" prepare "$text" -o "$work/corpus.h5" --quiet >/dev/null

run() { # NAME RANKS ARGS...
    local name=$1 ranks=$2 measured
    shift 2
    "$MPIRUN" "$ranks" "$WORDSHARD" train "$work/corpus.h5" -o "$work/$name.$seed.h5" --dim 300 --epochs 3 \
        --learning-rate 0.025 --snapshots last --seed "$seed" --quiet --json "$@" >"$work/train.json"
    measured="$(json words_per_second "$work/train.json") $(json loss "$work/train.json") $(accuracy "$work/$name.$seed.h5")"
    echo "$name $measured" >>"$work/table"
    # shellcheck disable=SC2086 # one word for each number
    printf '{"benchmark": "train_ways", "way": "%s", "seed": %d, "words_per_second": %s, "loss": %s, "analogies": %s, "ws353": %s, "simlex": %s}\n' \
        "$name" "$seed" $measured
    rm "$work/$name.$seed.h5"
}

for seed in $(seq "$seeds"); do
    run 1-thread 1 --threads 1
    run 2-threads 1 --threads 2
    run 2-ranks 2 --threads 1
    run 4-ranks 4 --threads 1
    run 2-replicas 2 --threads 1 --replicas 2
    run 4-replicas 4 --threads 1 --replicas 4
done
echo "medians: way words/s loss analogies ws353 simlex"
medians "$work/table"
