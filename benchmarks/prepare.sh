#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How fast does text become ids? prepare with one and two threads beside wc -w, interleaved, from the
# page cache; the same text as .zst and .gz; and a text of one line, which shows what starting costs.
# TEXT names a plain or .zst text; without it enwiki-100m of ../shared, or a planted text of TOKENS words.
# Usage: ./dev bench prepare [ROUNDS]   (7 rounds of 100 MB: about 2 minutes)
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
rounds=${1:-7}
text=${TEXT:-$SOURCE/../shared/data/corpora/enwiki-100m.txt.zst}
if [ ! -r "$text" ]; then
    echo "$text is not there: a planted text instead" >&2
    text=$work/synth.txt
    "$WORDSHARD" synth --tokens "${TOKENS:-10000000}" -o "$text" --quiet >/dev/null
fi
if [[ $text = *.zst ]]; then
    zstd -dqf "$text" -o "$work/text.txt"
    text=$work/text.txt
fi
printf 'one line, five times\n%.0s' 1 2 3 4 5 >"$work/line.txt"
gzip -1 -c "$text" >"$work/text.gz"
if command -v zstd >/dev/null; then zstd -qf "$text" -o "$work/text.zst"; fi
TIMEFORMAT='%R %U %S'

# row WAY ELAPSED: keeps "way elapsed wall cpu", elapsed: by its own clock, without starting
row() { awk -v way="$1" -v own="$2" '{ print way, own == "" ? $1 : own, $1, $2 + $3 }' "$work/time" >>"$work/table"; }

words() { { time wc -w <"$text" >"$work/words"; } 2>"$work/time" && row wc ""; }

prepare() { # WAY THREADS FILE
    { time "$WORDSHARD" prepare "$3" -o "$work/corpus.h5" --overwrite --quiet --json --threads "$2" \
        >"$work/result.json" 2>"$work/log"; } 2>"$work/time" || { cat "$work/log" >&2 && exit 1; }
    row "$1" "$(json seconds "$work/result.json")"
    [ "$1" = start ] || sed -n 's/.*"content_hash": *"\([^"]*\)".*/\1/p' "$work/result.json" >>"$work/hashes"
}

for _ in $(seq "$rounds"); do
    words
    prepare 1-thread 1 "$text"
    prepare 2-threads 2 "$text"
    prepare start 1 "$work/line.txt"
    if [ -e "$work/text.zst" ]; then prepare zst 1 "$work/text.zst"; fi
    prepare gz 1 "$work/text.gz"
done
[ "$(sort -u "$work/hashes" | wc -l)" = 1 ] || { echo "the ways made different corpora" >&2 && exit 1; }

# best FILE: lines "name value..." -> the least of each column for each name.
best() {
    awk '{ for (i = 2; i <= NF; i++) if (!(($1, i) in v) || $i < v[$1, i]) v[$1, i] = $i; nf = NF; n[$1] = 1 }
        END { for (k in n) { line = k; for (i = 2; i <= nf; i++) line = line " " v[k, i]; print line } }' "$1"
}
medians "$work/table" >"$work/medians"
best "$work/table" >"$work/best"
awk -v words="$(tr -dc 0-9 <"$work/words")" -v rounds="$rounds" '
    NR == FNR { for (i = 2; i <= 4; i++) least[$1, i] = $i; next }
    { printf "{\"benchmark\": \"prepare\", \"way\": \"%s\", \"words\": %d, \"rounds\": %d, ", $1, $1 == "start" ? 20 : words, rounds
      printf "\"seconds\": {\"median\": %.3f, \"best\": %.3f}, ", $2, least[$1, 2]
      printf "\"whole_command_seconds\": {\"median\": %.3f, \"best\": %.3f}, ", $3, least[$1, 3]
      printf "\"cpu_seconds\": {\"median\": %.3f, \"best\": %.3f}", $4, least[$1, 4]
      if ($1 != "start") printf ", \"words_per_second\": {\"median\": %.0f, \"best\": %.0f}", words / $2, words / least[$1, 2]
      print "}" }' "$work/best" "$work/medians"
