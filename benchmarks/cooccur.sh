#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Counting co-occurrences on one core, window 10, 1/distance: the whole command (counting and writing cooc.h5)
# and counting alone, against GloVe's cooccur + shuffle on the same text when GLOVE names the folder of its
# programs; then every record is compared (see cooccur.c). Whole runs, interleaved; wall-clock and CPU seconds.
# Usage: ./dev bench cooccur [ROUNDS]
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
rounds=${1:-3}
case $text in *.zst) zstd -dcq "$text" >"$work/text" ;; *) cp "$text" "$work/text" ;; esac
"$WORDSHARD" prepare "$work/text" -o "$work/corpus.h5" --quiet >"$work/prepare.txt"

TIMEFORMAT='%R %U %S'
timed() { # NAME COMMAND...: a row, and a line of the table
    local name=$1 wall user system
    shift
    { time "$@" 2>"$work/log" >&3; } 2>"$work/time" 3>"$work/out"
    read -r wall user system <"$work/time"
    row "$name" "$wall" "$(awk -v u="$user" -v s="$system" 'BEGIN { print u + s }')"
}
row() { # NAME WALL CPU
    echo "$1 $2 $3" >>"$work/table"
    printf '{"benchmark": "cooccur", "program": "%s", "round": %d, "seconds": %.2f, "cpu_seconds": %.2f}\n' "$1" "$round" "$2" "$3"
}
glove() { # of one round; shuffle reads what cooccur wrote
    (cd "$work" && timed glove-cooccur "$GLOVE/cooccur" -memory 4.0 -vocab-file vocab.txt -verbose 0 \
        -window-size 10 -symmetric 1 -distance-weighting 1 <"$work/text" && mv out theirs.bin &&
        timed glove-shuffle "$GLOVE/shuffle" -memory 4.0 -verbose 0 <theirs.bin)
}
[ -z "${GLOVE:-}" ] || "$GLOVE/vocab_count" -min-count 5 -verbose 0 <"$work/text" >"$work/vocab.txt" 2>/dev/null
for round in $(seq "$rounds"); do
    timed wordshard "$WORDSHARD" cooccur "$work/corpus.h5" -o "$work/cooc.h5" --overwrite --threads 1 --json --quiet
    row wordshard-counting "$(json counting_seconds "$work/out")" 0
    [ "$round" -gt 1 ] || printf '{"benchmark": "cooccur", "nonzeros": %s, "peak_memory": %s}\n' \
        "$(json nonzeros "$work/out")" "$(json peak_memory "$work/out")"
    [ -z "${GLOVE:-}" ] || glove
done
if [ -n "${GLOVE:-}" ]; then
    "$WORDSHARD" export "$work/cooc.h5" -o "$work/ours.bin" --format glove-cooccurrence --quiet
    "$BUILD/benchmarks/bench_cooccur" "$work/ours.bin" "$work/theirs.bin"
fi
echo "medians: program seconds cpu_seconds"
medians "$work/table"
