#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# align as a user runs it: every method, imported vectors, ranks; against NumPy and SciPy where
# Debian's are there.
set -u
source "$SOURCE/tests/support/claims.sh"

claim "synth" "$WORDSHARD" synth -o text.txt --tokens 60000 --vocab 800
claim "prepare" "$WORDSHARD" prepare text.txt -o corpus.h5 --min-count 2
train() {
    local name=$1
    shift
    claim "train $name" "$WORDSHARD" train corpus.h5 -o "$name.h5" --epochs 2 --threads 1 --snapshots last "$@"
}
train a --dim 20 --seed 1
train b --dim 20 --seed 2
train wide --dim 30 --seed 3

holds() { grep -qF -- "$2" "$1"; }
near() { awk -v x="$1" -v y="$2" -v most="$3" 'BEGIN { d = x - y; exit !(x != "" && y != "" && (d < 0 ? -d : d) <= most) }'; }
# cell FOLDER MEASURE [COLUMN]
cell() { awk -F, -v m="$2" -v c="${3:-3}" '$1 == m { sub(/\r/, ""); print $c }' "$1/measures.csv"; }

# ---- methods
for method in plain centred scaled bias; do
    for rows in unit raw; do
        claim "$method $rows" "$WORDSHARD" align a.h5 b.h5 -o "$method-$rows.h5" --csv "$method-$rows" --method "$method" --rows "$rows" --top 500 --rsa-words 300
    done
done
less() { awk -v x="$1" -v y="$2" 'BEGIN { exit !(x != "" && y != "" && x < y) }'; }
claim "means help" less "$(cell centred-raw residual)" "$(cell plain-raw residual)"
claim "a scale helps" less "$(cell scaled-raw residual)" "$(cell plain-raw residual)"
claim "both help more" less "$(cell bias-raw residual)" "$(cell scaled-raw residual)"
claim "a mapping helps" less "$(cell plain-unit displacement_aligned)" "$(cell plain-unit displacement)"
claim "the words and columns of the first run" holds <("$WORDSHARD" info plain-unit.h5 --verify) "/vectors           float32"
word=$(awk -F, 'NR == 50 { print $1 }' plain-raw/words.csv)
claim "a rotation keeps neighbours" cmp <("$WORDSHARD" nn a.h5 "$word" -k 5 | cut -c1-10) <("$WORDSHARD" nn plain-raw.h5 "$word" -k 5 | cut -c1-10)
claim "a mapped run is exported" "$WORDSHARD" export plain-raw.h5 -o mapped.bin
claim "mapped vectors stay where they are" "$WORDSHARD" align plain-unit.h5 b.h5 --csv again --top 500
claim "mapped vectors stay where they are: displacement" near "$(cell again displacement)" "$(cell again displacement_aligned)" 1e-6
claim "a rotation keeps the eigenspace" near "$(cell again eis)" "$(cell plain-unit eis)" 1e-6
claim "a run and itself" "$WORDSHARD" align a.h5 a.h5 --csv self
claim "a run and itself: overlap" near "$(cell self overlap)" 1 0
claim "a run and itself: EIS" near "$(cell self eis)" 0 1e-9
claim "without RSA" "$WORDSHARD" align a.h5 b.h5 --csv less --rsa-words 0
claim "without RSA: an empty cell" test "$(cell less rsa_spearman)" = ""
claim "JSON" holds <("$WORDSHARD" align a.h5 b.h5 --json) '"eigenspace_overlap"'

# ---- other dimensions
claim "other dimensions" "$WORDSHARD" align a.h5 wide.h5 --csv wide --rsa-words 300
claim "other dimensions have no Procrustes" test "$(cell wide procrustes_cosine)" = ""
claim "other dimensions have the others" near "$(cell wide eis)" 0.5 0.5

# ---- ranks
close() { # two CSV files of numbers that agree to 1e-9
    awk -F, 'NR == FNR { for (i = 1; i <= NF; i++) a[FNR, i] = $i; next }
        { for (i = 1; i <= NF; i++) { x = a[FNR, i]; d = x - $i
            if (x != $i && (d < 0 ? -d : d) > 1e-9 * (1 + ($i < 0 ? -$i : $i))) { print x, $i; bad = 1 } } }
        END { exit bad || !NR }' "$1" "$2"
}
for n in 2 4; do
    claim "on $n ranks" "$MPIRUN" "$n" "$WORDSHARD" align a.h5 b.h5 -o "on$n.h5" --csv "on$n" --method bias --top 500 --rsa-words 300 --threads 1
    for table in measures words; do
        claim "$n ranks: the same values ($table)" close bias-unit/$table.csv "on$n/$table.csv"
    done
done

# ---- vectors of other programs
mapping() { "$WORDSHARD" align "$1" b.h5 --csv "$2" --rsa-words 300 --top 500; }
for ending in bin txt glove npy vec; do # .vec: what fastText writes
    claim "export .$ending" "$WORDSHARD" export a.h5 -o "a.$ending"
    claim "import .$ending" "$WORDSHARD" import "a.$ending" -o "from-$ending.h5"
    claim "align imported .$ending" mapping "from-$ending.h5" "from-$ending"
    claim ".$ending: the same measures" close <(tail -n +3 plain-unit/measures.csv) <(tail -n +3 "from-$ending/measures.csv")
done

# ---- bad input
printf '2 3\nalpha 1 2 3\nbeta 3 2 1\n' >foreign.txt
printf '1 3\nalpha 3 1 3\n' >single.txt
printf '2 3\nalpha 1 1 1\nbeta 1 1 1\n' >same.txt
printf '2 3\nalpha 0 0 0\nbeta 0 0 0\n' >zeros.txt
for name in foreign single same zeros; do
    claim "import $name" "$WORDSHARD" import $name.txt -o $name.h5
done
claim "a single word" "$WORDSHARD" align foreign.h5 single.h5 -o one.h5 --csv one
claim "a single word: no neighbours" test "$(cell one overlap)" = ""
claim "a single word on 3 ranks" "$MPIRUN" 3 "$WORDSHARD" align foreign.h5 single.h5 --threads 1
claim "vectors of rank 1" "$WORDSHARD" align foreign.h5 same.h5 --csv same
claim "vectors of rank 1: what is left of them" near "$(cell same eigenspace_overlap)" 0.5 0.5
refuses "one run" 2 "two run files.*1 given" align a.h5
refuses "three runs" 2 "two run files.*3 given" align a.h5 b.h5 wide.h5
refuses "no shared words" 3 "a.h5 and foreign.h5 share 0 words" align a.h5 foreign.h5
refuses "other dimensions with -o" 3 "20 columns and wide.h5 30" align a.h5 wide.h5 -o none.h5
refuses "vectors of zeros" 3 "zeros.h5: all vectors are 0" align foreign.h5 zeros.h5
refuses "an output that is there" 4 "a.h5 exists" align b.h5 a.h5 -o a.h5
refuses "a corpus" 3 "corpus.h5" align a.h5 corpus.h5
refuses "an unknown method" 2 "--method" align a.h5 b.h5 --method affine
refuses_on 2 "other dimensions with -o" 3 "20 columns and wide.h5 30" align a.h5 wide.h5 -o none.h5
python=${PYTHON:-/usr/bin/python3}
if "$python" -c 'import numpy, scipy, h5py' 2>/dev/null; then
    cp a.h5 nan.h5
    claim "put a NaN" "$python" -c 'import h5py; h5py.File("nan.h5", "r+")["vectors"][100, 3] = float("nan")'
    refuses "a NaN" 3 "nan.h5: the vector of .* is not finite" align nan.h5 b.h5 -o none.h5
    refuses_on 3 "a NaN" 3 "nan.h5: the vector of .* is not finite" align nan.h5 b.h5 --threads 1
    jobs=(wide a.h5 wide.h5 300)
    for method in plain centred scaled bias; do
        for rows in unit raw; do
            jobs+=(-- "$method-$rows" a.h5 b.h5 300 "$method" "$rows" "$method-$rows.h5")
        done
    done
    for n in 2 4; do
        jobs+=(-- "on$n" a.h5 b.h5 300 bias unit "on$n.h5")
    done
    claim "NumPy and SciPy agree" "$python" "$SOURCE/tests/interop/align.py" "${jobs[@]}"
else
    skip "NumPy, SciPy and h5py of Debian are not there"
fi
claims_end
