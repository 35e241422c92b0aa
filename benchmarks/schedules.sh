#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What do equal bits cost? Rounds and strata beside hogwild: speed on one thread and two, interleaved, on the
# first 40 MB of the text; with ACCURACY=1 also how good the vectors are, on all of it, 3 epochs, one thread,
# a seed a round. d = 300, window 5, 5 negatives, sample 1e-4.
# Usage: ./dev bench schedules [ROUNDS]   (5 rounds: about 6 minutes; ACCURACY=1 with 3 rounds: 25 more)
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
rounds=${1:-5}
case $text in *.zst) zstd -dcq "$text" ;; *) cat "$text" ;; esac >"$work/text"
head -c 40000000 "$work/text" >"$work/part"
"$WORDSHARD" prepare "$work/part" -o "$work/part.h5" --quiet >/dev/null
"$WORDSHARD" prepare "$work/text" -o "$work/corpus.h5" --quiet >/dev/null

speed() { # NAME THREADS ARGS...
    local name=$1 threads=$2
    shift 2
    "$WORDSHARD" train "$work/part.h5" -o "$work/run.h5" --overwrite --dim 300 --epochs 1 --threads "$threads" \
        --snapshots last --quiet --json "$@" >"$work/train.json"
    echo "$name,$threads $(json words_per_second "$work/train.json")" | tee -a "$work/speeds"
}
learn() { # NAME ARGS...
    local name=$1
    shift
    "$WORDSHARD" train "$work/corpus.h5" -o "$work/run.h5" --overwrite --dim 300 --epochs 3 --threads 1 \
        --snapshots last --seed "$seed" --quiet "$@" >/dev/null
    echo "$name $(accuracy "$work/run.h5")" | tee -a "$work/table"
}
for seed in $(seq "$rounds"); do
    for threads in 1 2; do
        speed hogwild "$threads"
        speed rounds "$threads" --schedule rounds
        speed rounds,4-workers "$threads" --schedule rounds --workers 4
        speed strata "$threads" --schedule strata
    done
    [ -n "${ACCURACY:-}" ] || continue
    learn hogwild
    learn rounds --schedule rounds
    learn strata --schedule strata
    learn cbow --model cbow
    learn cbow,rounds --model cbow --schedule rounds
done
echo "medians: schedule,threads words/s"
medians "$work/speeds"
[ -z "${ACCURACY:-}" ] || {
    echo "medians: schedule analogies ws353 simlex"
    medians "$work/table"
}
