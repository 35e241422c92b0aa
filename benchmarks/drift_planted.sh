#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Words that drift, found again: of a planted corpus of two periods (1 M tokens each, 40 words that drift by
# .25 to 1, 4000 words), how many are found at a false discovery rate of .05 and how many of those found are
# false; and how many a control finds that is taken for the truth. Repeated with other seeds. Runs of
# a period: 3 seeds of skip-gram, or 3 bootstraps of PPMI-SVD; 3 shuffled controls with as many.
# Usage: [MODELS="skipgram ppmi-svd"] ./dev bench drift_planted [REPETITIONS [FIRST]]
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
repetitions=${1:-10} first=${2:-1} runs=3 controls=3
export OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader
cd "$work"
# Programs that begin and end side by side must not share Open MPI's session folder.
export OMPI_MCA_orte_tmpdir_base=$work/session
mkdir session
# shellcheck disable=SC2016 # for another shell
apart='export OMPI_MCA_orte_tmpdir_base=$OMPI_MCA_orte_tmpdir_base/$$; mkdir -p "$OMPI_MCA_orte_tmpdir_base"; exec "$0" "$@"'

quietly() { "$WORDSHARD" "$@" --quiet --overwrite >/dev/null; }

# Corpora 0-1.h5, 0-2.h5: the periods; I-1.h5, I-2.h5: control I.
make_corpora() { # SEED
    local period control
    quietly synth -o text.txt --tokens 1000000 --periods 2 --drift-words 40 --seed "$1"
    for period in 1 2; do
        quietly prepare "text.$period.txt" -o "0-$period.h5"
    done
    for control in $(seq "$controls"); do
        for period in 1 2; do
            quietly prepare 0-1.h5 0-2.h5 --control shuffle --seed "$control" --period "$period" -o "$control-$period.h5"
        done
    done
}

# The runs as lines of arguments for train, two at a time.
train_all() { # MODEL
    local control period run how
    for control in $(seq 0 "$controls"); do
        for period in 1 2; do
            for run in $(seq "$runs"); do
                how="--seed $((100 * control + 10 * period + run))"
                [ "$1" = skipgram ] || how="--model ppmi-svd --window 5 --bootstrap $((100 * control + 10 * period + run))"
                [ "$1" != skipgram ] || how+=" --snapshots last"
                echo "train $control-$period.h5 -o $1-$control-$period-$run.h5 --dim 50 --threads 1 --quiet --overwrite $how"
            done
        done
    done | OMP_NUM_THREADS=1 xargs -P 2 -L 1 bash -c "$apart" "$WORDSHARD" >/dev/null
}

# found TRUTH CONTROL...: words that are significant between the periods of one set, against the others.
found() { # MODEL TRUTH CONTROL...
    local model=$1 truth=$2 control period
    local -a against=()
    for control in "${@:3}"; do
        for period in 1 2; do
            against+=("$period@$control=$model-$control-$period-*.h5")
        done
    done
    quietly drift --threads 1 --periods "1=$model-$truth-1-*.h5" "2=$model-$truth-2-*.h5" --control "${against[@]}" --csv found
    tr -d '\r' <found/words.csv | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
        $c["significant"] == 1 { print $c["word"] }'
}

for seed in $(seq "$first" $((first + repetitions - 1))); do
    make_corpora "$seed"
    for model in ${MODELS:-skipgram ppmi-svd}; do
        train_all "$model"
        found "$model" 0 $(seq "$controls") >words
        held_out=$(found "$model" 1 $(seq 2 "$controls") | wc -l)
        row=$(awk -F '\t' 'NR == FNR { found[$1]; n++; next }
            $3 == "drifted" { all++; right += $1 in found; if ($2 == 0.25) { small++; hit += $1 in found } }
            $3 == "stable" { twins += $1 in found }
            END { printf "%d %.4f %.4f %.4f %d", n, right / all, hit / small, n ? (n - right) / n : 0, twins }' words text.drift.tsv)
        echo "$model $row $held_out" >>table
        # shellcheck disable=SC2086 # one word for each number
        printf '{"benchmark": "drift_planted", "model": "%s", "seed": %d, "found": %d, "recall": %s, "recall_of_smallest": %s, "false_share": %s, "stable_twins": %d, "found_in_control": %d}\n' \
            "$model" "$seed" $row "$held_out"
    done
done
echo "means: model found recall recall-of-drift-.25 false-share stable-twins found-in-control"
awk '{ n[$1]++; for (i = 2; i <= NF; i++) sum[$1, i] += $i; nf = NF }
    END { for (m in n) { printf "%s", m; for (i = 2; i <= nf; i++) printf " %.3f", sum[m, i] / n[m]; print "" } }' table
