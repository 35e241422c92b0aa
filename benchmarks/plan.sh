#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What plan foretells of memory beside what the ranks took: every model, 1 and 4 ranks, one thread each.
# d = 300, one epoch (more change nothing); full softmax: 5000 words, d = 100. plan runs as one process.
# Taken: the sum over the ranks of what each held at most, shared pages in equal parts, by their number.
# Usage: ./dev bench plan [NAME...]   (all)
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
only=" $* "
"$WORDSHARD" prepare "$text" -o "$work/corpus.h5" --quiet >/dev/null
"$WORDSHARD" synth -o "$work/small.txt" --tokens 60000 --vocab 6000 --quiet >/dev/null
"$WORDSHARD" prepare "$work/small.txt" -o "$work/small.h5" --min-count 1 --max-vocab 5000 --quiet >/dev/null

compare() { # NAME COMMAND INPUT ARGS...
    local name=$1 command=$2 input=$3 ranks need peak
    shift 3
    [[ $only == "  " || $only == *" $name "* ]] || return 0
    for ranks in 1 4; do
        local speed=(--words-per-second 1)
        [ "$command" != prepare ] || speed=()
        "$WORDSHARD" plan "$command" "$input" --ranks "$ranks" --threads 1 "${speed[@]}" --json --quiet "$@" >"$work/plan.json"
        rm -f "$work/out.h5"
        "$MPIRUN" "$ranks" "$WORDSHARD" "$command" "$input" -o "$work/out.h5" --threads 1 --quiet "$@" >/dev/null
        "$WORDSHARD" info "$work/out.h5" --json >"$work/info.json"
        need=$(json memory_per_rank "$work/plan.json")
        peak=$(json peak_memory_of_all_ranks "$work/info.json")
        awk -v name="$name" -v ranks="$ranks" -v need="$need" -v peak="$peak" 'BEGIN {
            peak /= ranks
            printf "{\"benchmark\": \"plan\", \"run\": \"%s\", \"ranks\": %d, \"planned\": %.0f, \"taken\": %.0f, \"ratio\": %.3f}\n",
                name, ranks, need, peak, need / peak }' | tee -a "$work/rows"
    done
}

compare prepare prepare "$text"
compare cooccur cooccur "$work/corpus.h5"
run=(train "$work/corpus.h5" --dim 300 --epochs 1)
compare skipgram "${run[@]}"
compare cbow "${run[@]}" --model cbow
compare hs "${run[@]}" --objective hs
compare softmax train "$work/small.h5" --dim 100 --epochs 1 --objective softmax
compare rounds "${run[@]}" --deterministic
compare replicas-2 "${run[@]}" --replicas 2
compare replicas-4 "${run[@]}" --replicas 4
compare strata "${run[@]}" --schedule strata
compare glove-row "${run[@]}" --model glove
compare glove-element "${run[@]}" --model glove --accumulators element
compare ppmi-svd train "$work/corpus.h5" --dim 300 --model ppmi-svd
echo "| run | ranks | planned MiB | taken MiB | ratio |"
echo "|---|---|---|---|---|"
sed 's/[{}",:]/ /g' "$work/rows" | awk '{ printf "| %s | %d | %.0f | %.0f | %.2f |\n", $4, $6, $8 / 1048576, $10 / 1048576, $12 }'
