#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much of sgemm's speed do the searches keep that compare all words with all (neighbours.c), and how
# long does it take to compare two runs of 10,000 words and 300 columns? Usage: ./dev bench neighbours
# OpenBLAS that is older than the processor needs OPENBLAS_CORETYPE (docs/install.md). TEXT names another
# corpus.
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
bench=${BUILD:-build/release}/benchmarks/bench_neighbours
for threads in 1 2; do
    "$bench" "" "$threads"
done

text=$(corpus enwiki-10m.txt.zst)
"$WORDSHARD" prepare "$text" -o "$work/corpus.h5" --quiet >/dev/null
for seed in 1 2; do
    "$WORDSHARD" train "$work/corpus.h5" -o "$work/$seed.h5" --dim 300 --epochs 3 --seed "$seed" --snapshots last \
        --quiet >/dev/null
done
# compare RANKS THREADS: overlap of neighbours, EIS, PIP, CKA, Procrustes of the 10,000 most frequent words.
compare() {
    local -a run=("$WORDSHARD")
    [ "$1" -eq 1 ] || run=("$MPIRUN" "$1" "$WORDSHARD")
    OMP_NUM_THREADS=$2 /usr/bin/time -o "$work/time" -f '%e %U %S' "${run[@]}" align "$work/1.h5" "$work/2.h5" --top 10000 \
        --rsa-words "$3" --threads "$2" --json --quiet >"$work/align.json"
    awk -v ranks="$1" -v threads="$2" -v rsa="$3" '{ printf "{\"benchmark\": \"compare\", \"words\": 10000, \"columns\": 300, " \
        "\"rsa_words\": %d, \"ranks\": %d, \"threads\": %d, \"seconds\": %s, \"cpu_seconds\": %.2f}\n", rsa, ranks, threads, $1, $2 + $3 }' "$work/time"
}
for rsa in 0 10000; do
    compare 1 1 "$rsa"
    compare 1 2 "$rsa"
    compare 2 1 "$rsa"
done
