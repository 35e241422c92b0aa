#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# stability as a user runs it: alone and on ranks, against NumPy and SciPy where Debian's are there.
set -u
source "$SOURCE/tests/support/claims.sh"

claim "synth" "$WORDSHARD" synth -o text.txt --tokens 60000 --vocab 800
claim "prepare" "$WORDSHARD" prepare text.txt -o corpus.h5 --min-count 2
train() {
    local name=$1
    shift
    claim "train $name" "$WORDSHARD" train corpus.h5 -o "$name.h5" --epochs 2 --threads 1 --snapshots last "$@"
}
for seed in 1 2 3 4; do
    train "s$seed" --dim 20 --seed "$seed"
done
train wide1 --dim 30 --seed 5
train wide2 --dim 30 --seed 6

holds() { grep -qF -- "$2" "$1"; }
stability() { "$WORDSHARD" stability "$@"; }

# ---- one group
claim "four runs" stability s?.h5 -o all.h5 --csv all --neighbours 8 --rsa-words 300
claim "a table of runs as CSV" test -s all/runs.csv
claim "as many words as the runs share" test "$(wc -l <all/words.csv)" -eq "$(($(number shared_words <(stability s?.h5 --json)) + 1))"
for n in 2 3 4; do
    claim "on $n ranks" "$MPIRUN" "$n" "$WORDSHARD" stability s?.h5 --csv "on$n" --neighbours 8 --rsa-words 300 --threads 1
    for table in words bins runs least_stable; do
        claim "$n ranks: the same neighbours ($table)" cmp <(cut -d, -f1-7 all/$table.csv) <(cut -d, -f1-7 "on$n/$table.csv")
    done
done
close() { # two CSV files of numbers that agree to 1e-9
    awk -F, 'NR == FNR { for (i = 1; i <= NF; i++) a[FNR, i] = $i; next }
        { for (i = 1; i <= NF; i++) { x = a[FNR, i]; d = x - $i
            if (x != $i && (d < 0 ? -d : d) > 1e-9 * (1 + ($i < 0 ? -$i : $i))) { print x, $i; bad = 1 } } }
        END { exit bad || !NR }' "$1" "$2"
}
for table in pairs measures spectrum; do
    claim "4 ranks: the same values ($table)" close all/$table.csv on4/$table.csv
done
"$WORDSHARD" stability s1.h5 s2.h5 s3.h5 s4.h5 --json --neighbours 8 --rsa-words 300 >order1
"$WORDSHARD" stability s4.h5 s2.h5 s1.h5 s3.h5 --json --neighbours 8 --rsa-words 300 >order2
claim "the order of the runs does not matter" cmp <(grep -A30 '"bins"' order1) <(grep -A30 '"bins"' order2)
claim "info knows it" holds <("$WORDSHARD" info all.h5 --verify) "/tables/words/mean"

# ---- questions to fewer words, two groups, other dimensions
claim "200 of the words" stability s?.h5 --queries 200 --csv some
claim "200 words are asked for" test "$(wc -l <some/words.csv)" -eq 201
claim "two groups" stability s1.h5 s2.h5 s3.h5 --against wide1.h5 wide2.h5 --csv two
for of in first second between "first - second" "between - within"; do
    claim "two groups: $of" holds two/measures.csv "overlap,$of,"
done
claim "a reference for EIS" stability s1.h5 s2.h5 --reference wide1.h5 wide2.h5 --csv reference
claim "two runs" stability s1.h5 s2.h5 --csv pair
value() { awk -F, -v row="$2" -v column="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) c = i } $1 == row { print $c }' "$1/measures.csv"; }
claim "the reference counts for EIS" test "$(value pair eis mean)" != "$(value reference eis mean)"
claim "and for nothing else" cmp <(grep -v -e eis -e rsa pair/pairs.csv | cut -d, -f4,5) <(grep -v -e eis -e rsa reference/pairs.csv | cut -d, -f4,5)
claim "runs of other dimensions" stability s1.h5 wide1.h5 --csv mixed
claim "other dimensions have no Procrustes" test -z "$(value mixed procrustes_cosine mean)" -a -n "$(value mixed eis mean)"
claim "two runs have a mean and no interval" test -n "$(value pair overlap mean)" -a -z "$(value pair overlap low)$(value pair overlap high)"
claim "three runs have one" test -n "$(value all overlap low)"

# ---- bad input
printf '2 3\nalpha 1 2 3\nbeta 3 2 1\n' >foreign.txt
printf '2 3\nalpha 1 2 3\ngamma 3 2 1\n' >other.txt
claim "import" "$WORDSHARD" import foreign.txt -o foreign.h5
claim "import" "$WORDSHARD" import other.txt -o other.h5
refuses "one run" 2 "two run files or more are needed, 1 given" stability s1.h5
refuses "no run" 2 "two run files or more are needed, 0 given" stability
refuses "no shared words" 3 "s1.h5 and foreign.h5 share 0 words" stability s1.h5 foreign.h5
refuses "one shared word" 3 "share one word only" stability foreign.h5 other.h5
refuses "the same run twice" 2 "s1.h5 is given twice" stability s1.h5 s2.h5 s1.h5
refuses "an epoch that is not there" 3 "s1.h5" stability s1.h5 s2.h5 --epoch 1
refuses "a corpus" 3 "corpus.h5" stability s1.h5 corpus.h5
refuses "an output that is there" 4 "all.h5 exists" stability s1.h5 s2.h5 -o all.h5
refused "no shared words on ranks" 3 "share 0 words" "$MPIRUN" 2 "$WORDSHARD" stability s1.h5 foreign.h5

# ---- an independent judge
python=${PYTHON:-/usr/bin/python3}
if "$python" -c 'import numpy, scipy, h5py' 2>/dev/null; then
    claim "NumPy and SciPy agree" "$python" "$SOURCE/tests/interop/stability.py" all.h5 8 300 s1.h5 s2.h5 s3.h5 s4.h5
else
    echo "skipped: NumPy, SciPy and h5py of Debian are not there"
fi
claims_end
