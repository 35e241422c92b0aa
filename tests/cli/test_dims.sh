#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Any number of columns trains, and every instruction set gives the same result.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 60000 --vocab 500 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1

close_to() { # A B: to 1e-3 of B
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(d <= 1e-3 * b) }'
}
has() { # ISA: does this processor have it?
    "$WORDSHARD" train c.h5 -o x.h5 --dry-run --isa "$1" -q >/dev/null 2>&1
}
train() { # NAME ARGS...
    local name=$1
    shift
    "$WORDSHARD" train c.h5 -o "$name.h5" --epochs 1 --sample 1e-3 --threads 1 --json -q "$@" >"$name.json"
}
falls() { # NAME: is the loss of the last epoch below that of pairs of zeros?
    awk -v loss="$(number loss "$1.json")" 'BEGIN { exit !(loss > 0 && loss < 6 * log(2)) }'
}

for dim in 1 8 100 301 4096; do
    claim "$dim columns train" train "portable$dim" --dim "$dim" --isa portable
    claim "$dim columns learn" falls "portable$dim"
    for isa in avx2 avx512 neon; do
        has "$isa" || continue
        claim "$dim columns train with $isa" train "$isa$dim" --dim "$dim" --isa "$isa"
        claim "$dim columns: the loss with $isa is the portable one" \
            close_to "$(number loss "$isa$dim.json")" "$(number loss "portable$dim.json")"
    done
    claim "$dim columns can be asked" sh -c '"$WORDSHARD" eval "$0" --similarity t.similarity.tsv' "portable$dim.h5"
    claim "$dim columns are in the file" sh -c '"$WORDSHARD" info "$0" --json | grep -q "\"dim\": \"*'"$dim"'\|, *'"$dim"' *\]\|'"$dim"'$"' "portable$dim.h5"
done
claims_end
