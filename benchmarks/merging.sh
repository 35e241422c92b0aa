#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much do replicas lose against one? Skip-gram by hogwild, d = 300, 3 epochs, one thread, the replicas of
# a run one after the other on one rank. Overlap: of the 10 nearest neighbours of the 1,000 most frequent
# words with one replica of the same seed; in the rows of one replica, with that of the next seed.
# Usage: ./dev bench merging [SEEDS [TRAIN OPTIONS...]]   (3 seeds of enwiki-100m: hours)
# Environment: REPLICAS, "2 4 8 16 32 64" beside one; DIM. 64 take 1 GB of memory.
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
seeds=${1:-3}
shift || true
"$WORDSHARD" prepare "$text" -o "$work/corpus.h5" --quiet >/dev/null

measure() { # REPLICAS SEED OPTIONS...: "merges loss analogies ws353 simlex"; its vectors in REPLICAS.SEED.bin
    local replicas=$1 seed=$2 merges
    shift 2
    "$WORDSHARD" train "$work/corpus.h5" -o "$work/run.h5" --overwrite --dim "${DIM:-300}" --epochs 3 --threads 1 \
        --snapshots last --seed "$seed" --replicas "$replicas" --json "$@" >"$work/train.json" 2>"$work/log"
    merges=$(sed -n 's/.*merged .* replicas \([0-9]*\) times.*/\1/p' "$work/log")
    "$WORDSHARD" export "$work/run.h5" -o "$work/$replicas.$seed.bin" --overwrite --quiet >/dev/null
    echo "${merges:-0} $(json loss "$work/train.json") $(accuracy "$work/run.h5")"
}

report() { # REPLICAS SEED MEASURED OTHER: OTHER is what the overlap is with; null if that is the same run
    local overlap=null
    [ "$1.$2" = "$4" ] || overlap=$("$BUILD/benchmarks/bench_overlap" "$work/$1.$2.bin" "$work/$4.bin")
    # shellcheck disable=SC2086 # one word for each number
    printf '{"benchmark": "merging", "replicas": %d, "seed": %d, "merges": %d, "loss": %s, "analogies": %s, "ws353": %s, "simlex": %s, "overlap": %s}\n' \
        "$1" "$2" $3 "$overlap"
    echo "$1 $3 $overlap" >>"$work/table"
}

for seed in $(seq "$seeds"); do
    measure 1 "$seed" "$@" >"$work/one.$seed"
done
for seed in $(seq "$seeds"); do
    report 1 "$seed" "$(cat "$work/one.$seed")" "1.$((seed % seeds + 1))"
    for replicas in ${REPLICAS:-2 4 8 16 32 64}; do
        measured=$(measure "$replicas" "$seed" "$@")
        report "$replicas" "$seed" "$measured" "1.$seed"
        rm "$work/$replicas.$seed.bin"
    done
done
echo "medians: replicas merges loss analogies ws353 simlex overlap"
medians "$work/table"
