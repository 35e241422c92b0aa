#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# drift as a user runs it: planted drift is found again, the numbers are the same on all ranks and those of
# NumPy, and what cannot be compared is refused.
set -u
source "$SOURCE/tests/support/claims.sh"

holds() { grep -qF -- "$2" "$1"; }
drift() { "$WORDSHARD" drift "$@" --threads 1; }
# cells FILE COLUMN: a column of a CSV file.
cells() {
    tr -d '\r' <"$1" | awk -F, -v column="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) c = i; next } { print $c }'
}
# at_least A B, below A B: numbers
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }'; }
below() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'; }

# ---- planted words are found again, in two periods and two controls of two runs each
claim "synth" "$WORDSHARD" synth -o text.txt --tokens 300000 --vocab 1000 --periods 2 --drift-words 12
for period in 1 2; do
    claim "prepare" "$WORDSHARD" prepare "text.$period.txt" -o "0-$period.h5"
done
for set in 1 2; do
    for period in 1 2; do
        claim "shuffle" "$WORDSHARD" prepare 0-1.h5 0-2.h5 --control shuffle --seed $set --period $period -o "$set-$period.h5"
    done
done
for set in 0 1 2; do
    for period in 1 2; do
        for run in 1 2; do
            claim "train" "$WORDSHARD" train "$set-$period.h5" -o "run$set-$period-$run.h5" --dim 20 --epochs 3 --threads 1 \
                --seed $((100 * set + 10 * period + run)) --snapshots last
        done
    done
done
periods=(--periods 'one=run0-1-*.h5' 'two=run0-2-*.h5')
controls=(--control 'one@1=run1-1-*' 'two@1=run1-2-*' 'one@2=run2-1-*' 'two@2=run2-2-*')
claim "drift" drift "${periods[@]}" "${controls[@]}" --csv found -o found.h5
paste <(cells found/words.csv word) <(cells found/words.csv significant) | awk '$2 == 1 { print $1 }' | sort >words
awk -F '\t' '$3 == "drifted" { print $1 }' text.drift.tsv | sort >planted
right=$(comm -12 words planted | wc -l)
claim "the planted words are found ($right of 12)" test "$right" -ge 10
claim "hardly any other word is found" test "$(comm -23 words planted | wc -l)" -le 3
claim "the most changed word is a planted one" grep -qx "$(cells found/changed.csv word | head -1)" planted
claim "a significant word changed more than its control" below "$(cells found/changed.csv control | head -1)" "$(cells found/changed.csv low | head -1)"
claim "shuffled periods differ in nothing" drift --periods 'one=run1-1-*' 'two=run1-2-*' --control 'one=run2-1-*' 'two=run2-2-*' --csv none
claim "nothing is found there" test "$(cells none/steps.csv n_significant)" = 0
claim "by Benjamini and Yekutieli" drift "${periods[@]}" "${controls[@]}" --adjust by --csv by
claim "whose q are larger" at_least "$(cells by/changed.csv q | tail -1)" "$(cells found/changed.csv q | tail -1)"
claim "shift is tested" drift "${periods[@]}" "${controls[@]}" --change shift --top 300 --csv shift
claim "shift is what is tested" cmp <(cells shift/words.csv change) <(cells shift/words.csv neighbourhood_shift)
claim "info knows it" holds <("$WORDSHARD" info found.h5 --verify) "/tables/words/q"

# ---- the same on all ranks
close() { # two CSV files of numbers that agree to 1e-9
    awk -F, 'NR == FNR { for (i = 1; i <= NF; i++) a[FNR, i] = $i; next }
        { for (i = 1; i <= NF; i++) { x = a[FNR, i]; d = x - $i
            if (x != $i && (d < 0 ? -d : d) > 1e-9 * (1 + ($i < 0 ? -$i : $i))) { print x, $i; bad = 1 } } }
        END { exit bad || !NR }' "$1" "$2"
}
claim "training with snapshots" "$WORDSHARD" train 0-1.h5 -o epochs.h5 --dim 12 --epochs 3 --threads 1
claim "epochs" drift epochs.h5 --categories text.categories.tsv --csv epochs -o moved.h5
claim "periods" drift "${periods[@]}" "${controls[@]}" --csv few --top 300
for n in 2 4; do
    claim "periods on $n ranks" "$MPIRUN" "$n" "$WORDSHARD" drift "${periods[@]}" "${controls[@]}" --csv "found$n" --threads 1 --top 300
    claim "epochs on $n ranks" "$MPIRUN" "$n" "$WORDSHARD" drift epochs.h5 --categories text.categories.tsv --csv "epochs$n" --threads 1
    for table in periods steps bins words changed neighbours; do
        claim "$n ranks: the same $table" close "few/$table.csv" "found$n/$table.csv"
    done
    for table in epochs bins words word_steps spectrum moved; do
        claim "$n ranks: the same $table between epochs" close "epochs/$table.csv" "epochs$n/$table.csv"
    done
done

# ---- ways to say it
claim "runs as periods" drift run0-1-1.h5 run0-2-1.h5 run1-1-1.h5 --csv chain
claim "each to the next" cmp <(cells chain/steps.csv step) <(printf 'run0-1-1 to run0-2-1\nrun0-2-1 to run1-1-1\n')
claim "to a reference" drift run0-1-1.h5 run0-2-1.h5 run1-1-1.h5 --to run1-1-1 --csv star
claim "each to it" cmp <(cells star/steps.csv step) <(printf 'run1-1-1 to run0-1-1\nrun1-1-1 to run0-2-1\n')
claim "single runs have no interval and no p" test -z "$(cells star/words.csv low | tr -d '\n')$(cells star/words.csv q | tr -d '\n')"
claim "says that a control is missing" holds <(drift run0-1-1.h5 run0-2-1.h5 2>&1) "no --control"
claim "one name, two lists" drift --periods one=run0-1-1.h5 two=run0-2-1.h5 one=run0-1-2.h5 --csv lists
claim "are one period" cmp <(cells lists/periods.csv runs) <(printf '2\n1\n')

# ---- controls of some periods: run0-3-*, run3-2-* and run3-3-* are copies, one of each group, so that words
# keep their order by frequency
i=0
for copy in run0-3-1 run0-3-2 run3-2-1 run3-2-2 run3-3-1 run3-3-2; do
    of=(run1-1-1 run2-1-1 run1-2-1 run2-2-1 run0-1-1 run0-2-1)
    cp "${of[i++]}.h5" $copy.h5
done
three=("${periods[@]}" 'three=run0-3-*.h5')
step() { grep ",$1," "$2"; }
claim "each step has its own controls" drift "${three[@]}" "${controls[@]}" 'two@3=run3-2-*' 'three@3=run3-3-*' --csv partial -o partial.h5
claim "as many as serve it" cmp <(cells partial/steps.csv n_controls) <(printf '2\n1\n')
claim "a step is what it is with its two periods alone" cmp <(step "one to two" partial/words.csv) <(step "one to two" found/words.csv)
claim "p can be as low as its own controls allow" cmp <(step "one to two" partial/steps.csv) <(step "one to two" found/steps.csv)
claim "controls of all periods and of some" drift "${three[@]}" "${controls[@]}" 'three@2=run3-3-*' 'two@3=run3-2-1.h5' 'three@3=run3-2-2.h5' --csv mixed
claim "both count" cmp <(cells mixed/steps.csv n_controls) <(printf '2\n2\n')
claim "to a reference" drift "${three[@]}" --to three --control 'one@1=run1-1-*' 'three@1=run3-3-*' 'two@2=run1-2-*' 'three@2=run3-2-*' --csv apart
claim "controls follow the steps" cmp <(cells apart/steps.csv n_controls) <(printf '1\n1\n')
claim "json is one object" grep -q '^{.*"command": *"drift".*}$' <(drift epochs.h5 --json --quiet | tr -d '\n')

# ---- bad input
claim "one epoch" "$WORDSHARD" train 0-1.h5 -o wide.h5 --dim 10 --epochs 1 --threads 1
printf '2 20\nalpha%s\nbeta%s\n' "$(printf ' 1%.0s' {1..20})" "$(printf ' 2%.0s' {1..20})" >foreign.txt
claim "import" "$WORDSHARD" import foreign.txt -o foreign.h5
refuses "no run" 2 "no run given" drift
refuses "an empty group" 2 "two=: no runs" drift --periods one=run0-1-1.h5 two=
refuses "a group that matches nothing" 4 "nothing-\\*.h5" drift --periods one=run0-1-1.h5 'two=nothing-*.h5'
refuses "no name" 2 "no runs; give NAME=FILES" drift --periods run0-1-1.h5 run0-2-1.h5
refuses "one period" 2 "two periods or more are needed, 1 given" drift --periods one=run0-1-1.h5
refuses "inputs and periods" 2 "beside --periods" drift run0-1-1.h5 --periods one=run0-1-2.h5 two=run0-2-1.h5
refuses "a run twice" 2 "run0-1-1.h5 is given twice" drift --periods one=run0-1-1.h5 two=run0-1-1.h5
refuses "a control of one period" 2 "--control one@1: no step has both of its periods in this control" drift "${periods[@]}" --control one@1=run1-1-1.h5
refuses "a control of no step" 2 "--control one@1: no step has both" drift "${three[@]}" --control one@1=run1-1-1.h5 three@1=run3-3-1.h5
refuses "a step without a control" 2 "no control for the step two to three; other" drift "${three[@]}" "${controls[@]}"
refuses "a step without a control, before anything is read" 2 "no control for the step one to two" drift --periods one=0-1.h5 two=0-2.h5 three=text.1.txt --control two@1=1-1.h5 three@1=1-2.h5
refuses_on 2 "a step to a reference without a control" 2 "no control for the step three to two" drift "${three[@]}" --to three --control one@1=run1-1-1.h5 three@1=run3-3-1.h5
refuses "a control of another period" 2 "there is no period three" drift "${periods[@]}" --control three=run1-1-1.h5
refuses "an unknown reference" 2 "no period of that name" drift "${periods[@]}" --to three
refuses "one epoch" 3 "snapshot of one epoch" drift wide.h5
refuses "the last epoch only" 3 "snapshot of one epoch" drift run0-1-1.h5
refuses "an imported run" 3 "no epochs" drift foreign.h5
refuses "other dimensions" 3 "wide.h5 10" drift run0-1-1.h5 wide.h5
refuses "no shared words" 3 "share 0 words" drift epochs.h5 foreign.h5
refuses "options of epochs for periods" 2 "--clusters 3 has no meaning" drift "${periods[@]}" --clusters 3
refuses "options of periods for epochs" 2 "--fdr 0.1 has no meaning" drift epochs.h5 --fdr 0.1
refuses "a corpus" 3 "0-1.h5" drift run0-1-1.h5 0-1.h5
refuses "an output that is there" 4 "found.h5 exists" drift epochs.h5 -o found.h5
refuses_on 2 "a group that matches nothing" 4 "nothing matches" drift --periods one=run0-1-1.h5 'two=nothing-*.h5'

# ---- an independent judge
python=${PYTHON:-/usr/bin/python3}
if "$python" -c 'import numpy, scipy, h5py' 2>/dev/null; then
    claim "NumPy and SciPy agree between periods" "$python" "$SOURCE/tests/interop/drift.py" periods found.h5 run
    claim "NumPy and SciPy agree where steps have controls of their own" "$python" "$SOURCE/tests/interop/drift.py" periods partial.h5 run
    claim "NumPy and SciPy agree between epochs" "$python" "$SOURCE/tests/interop/drift.py" epochs moved.h5 epochs.h5
    cp run0-2-1.h5 nan.h5
    claim "a number is broken" "$python" -c 'import h5py; h5py.File("nan.h5", "r+")["vectors"][3, 4] = float("nan")'
    refuses "numbers that are not finite" 3 "nan.h5: the vector of .* is not finite" drift run0-1-1.h5 nan.h5
    refuses_on 2 "numbers that are not finite" 3 "is not finite" drift run0-1-1.h5 nan.h5
else
    echo "skipped: NumPy, SciPy and h5py of Debian are not there"
fi
claims_end
