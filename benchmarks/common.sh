# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the benchmark scripts: where the corpora are, JSON rows, medians. Source it.
# Environment: WORDSHARD, MPIRUN, SOURCE; TEXT and EVAL_DIR name other corpora and evaluation sets.
work=$(mktemp -d "${TMPDIR:-/tmp}/wordshard-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
EVAL_DIR=${EVAL_DIR:-$SOURCE/../shared/data/eval}

# corpus NAME: the path of a text of ../shared, or the script ends saying that it skips.
corpus() {
    local path=${TEXT:-$SOURCE/../shared/data/corpora/$1}
    if [ ! -r "$path" ]; then
        echo "skipped: $path is not there (set TEXT to another corpus)" >&2
        exit 0
    fi
    printf '%s\n' "$path"
}

# json KEY FILE: a number of one of our JSON results.
json() { sed -n "s/.*\"$1\": *\([-0-9.e+]*\).*/\1/p" "$2" | head -1; }

# accuracy RUN: "analogies ws353 simlex" of a run, in percent and rho, of table TABLE (default vectors).
accuracy() {
    "$WORDSHARD" eval "$1" --quiet --json --table "${TABLE:-vectors}" --analogies "$EVAL_DIR/analogy/google.txt" \
        --similarity "$EVAL_DIR/similarity/ws353.tsv" "$EVAL_DIR/similarity/simlex999.tsv" >"$work/eval.json"
    awk -F '[:,]' '/"analogies"/ { part = 1 } /"similarity"/ { part = 2 }
        part == 1 && /"accuracy"/ && !seen++ { printf "%.2f", 100 * $2 }
        part == 2 && /"spearman"/ { printf " %.3f", $2 }' "$work/eval.json"
}

# medians FILE: lines "name value..." -> the median of each column for each name, in order of name's
# first line.
medians() {
    awk '{ if (!($1 in n)) order[++names] = $1; n[$1]++; for (i = 2; i <= NF; i++) v[$1, i, n[$1]] = $i; nf = NF }
        END { for (k = 1; k <= names; k++) { name = order[k]; line = name; for (i = 2; i <= nf; i++) {
            m = n[name]; for (a = 1; a <= m; a++) s[a] = v[name, i, a]
            for (a = 1; a <= m; a++) for (b = a + 1; b <= m; b++) if (s[b] < s[a]) { t = s[a]; s[a] = s[b]; s[b] = t }
            line = line " " (m % 2 ? s[(m + 1) / 2] : (s[m / 2] + s[m / 2 + 1]) / 2) }
            print line } }' "$1"
}
