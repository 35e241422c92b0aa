#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# GloVe from text to vectors: the whole pipeline and the non-zeros trained for each second, ours and
# GloVe's four programs (GLOVE = folder of its binaries; without it, ours alone). Window 10, d = 300.
# Usage: ./dev bench glove [EPOCHS [THREADS]]
#   ways of ours: row (one accumulator), element; ACCURACY=1 adds analogies, WS353 and SimLex of w + w~
# WAYS names ours ("" = none). THEIRS=0 leaves GloVe out where GLOVE is set.
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
epochs=${1:-15} threads=${2:-1}
case $text in *.zst) zstd -dcq "$text" >"$work/text" ;; *) ln -s "$(readlink -f "$text")" "$work/text" ;; esac

# timed FILE COMMAND...: wall clock and CPU seconds of a command into FILE.
timed() {
    local file=$1
    shift
    TIMEFORMAT='%R %U %S'
    { time "$@" >"$work/out" 2>"$work/err"; } 2>"$file" || {
        cat "$work/err" >&2
        exit 1
    }
}
quality() { # RUN
    [ -n "${ACCURACY:-}" ] || return 0
    TABLE=sum accuracy "$1" | awk '{ printf ", \"analogies\": %s, \"ws353\": %s, \"simlex\": %s", $1, $2, $3 }'
}
ours() { # WAY
    local way=$1
    timed "$work/time" "$WORDSHARD" train "$work/text" -o "$work/run.h5" --overwrite --model glove --epochs "$epochs" \
        --threads "$threads" --snapshots last --accumulators "$way" --quiet --json
    mv "$work/out" "$work/train.json"
    printf '{"benchmark": "glove", "program": "wordshard", "accumulators": "%s", "epochs": %d, "threads": %d, "isa": "%s", "seconds": %s, "cpu_seconds": %s, "nonzeros": %.0f, "nonzeros_per_second": %.0f, "counting_seconds": %s, "loading_seconds": %s, "loss": %s%s}\n' \
        "$way" "$epochs" "$threads" "$(sed -n 's/.*"isa": "\([^"]*\)".*/\1/p' "$work/train.json")" \
        "$(cut -d ' ' -f 1 "$work/time")" "$(awk '{ print $2 + $3 }' "$work/time")" \
        "$(json nonzeros "$work/train.json")" "$(json nonzeros_per_second "$work/train.json")" \
        "$(json counting_seconds "$work/train.json")" "$(json loading_seconds "$work/train.json")" \
        "$(json loss "$work/train.json")" "$(quality "$work/run.h5")"
    rm -f "$work"/run.h5*
}
glove_text() { # the four programs, as GloVe's demo.sh calls them
    "$GLOVE/vocab_count" -min-count 5 -verbose 0 <"$work/text" >"$work/vocab.txt"
    "$GLOVE/cooccur" -memory 4 -vocab-file "$work/vocab.txt" -verbose 0 -window-size 10 \
        -overflow-file "$work/overflow" <"$work/text" >"$work/cooc.bin"
    "$GLOVE/shuffle" -memory 4 -verbose 0 -temp-file "$work/temp_shuffle" <"$work/cooc.bin" >"$work/shuf.bin"
    rm "$work/cooc.bin"
}
glove_train() { # EPOCHS
    "$GLOVE/glove" -save-file "$work/vectors" -threads "$threads" -input-file "$work/shuf.bin" -x-max 10 \
        -iter "$1" -vector-size 300 -binary 0 -vocab-file "$work/vocab.txt" -verbose 0
}
theirs() {
    timed "$work/time.text" glove_text
    timed "$work/time.train" glove_train "$epochs"
    local n
    n=$(($(stat -c %s "$work/shuf.bin") / 16))
    quality_of_theirs=""
    if [ -n "${ACCURACY:-}" ]; then
        "$WORDSHARD" import "$work/vectors.txt" -o "$work/theirs.h5" --format glove --overwrite --quiet >/dev/null
        quality_of_theirs=$(accuracy "$work/theirs.h5" | awk '{ printf ", \"analogies\": %s, \"ws353\": %s, \"simlex\": %s", $1, $2, $3 }')
    fi
    awk -v n="$n" -v e="$epochs" -v t="$threads" -v q="$quality_of_theirs" '
        NR == 1 { text = $1; cpu = $2 + $3 } NR == 2 { train = $1; cpu += $2 + $3 }
        END { printf "{\"benchmark\": \"glove\", \"program\": \"GloVe\", \"epochs\": %d, \"threads\": %d, \"seconds\": %.2f, \"cpu_seconds\": %.2f, \"nonzeros\": %d, \"nonzeros_per_second\": %.0f, \"text_seconds\": %.2f%s}\n",
            e, t, text + train, cpu, n, n * e / train, text, q }' "$work/time.text" "$work/time.train"
}
for way in ${WAYS-row element}; do
    ours "$way"
done
if [ -n "${GLOVE:-}" ] && [ "${THEIRS:-1}" != 0 ]; then
    theirs
fi
