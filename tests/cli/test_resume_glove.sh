#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops, checkpoints and going on of GloVe, in the middle of an epoch: other
# ranks and threads go on to the bits of a run that was never stopped.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

"$WORDSHARD" synth -o t.txt --tokens 400000 --vocab 2000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
"$WORDSHARD" cooccur c.h5 -o x.h5 -q >/dev/null || exit 1
model=(--model glove --dim 50)

train() { # RANKS OUTPUT ARGS...: two threads on an odd number of ranks
    local ranks=$1 output=$2
    shift 2
    on "$ranks" train x.h5 -o "$output" --threads $((ranks % 2 + 1)) "${model[@]}" "$@"
}
same=same_run

the_same "GloVe" "2 3 1" --epochs 20
claim "stopped in the middle of an epoch" in_the_middle 0.0
the_same "sums of squares by element" "1 2" --epochs 10 --accumulators element
the_same "fewer groups than ranks" "3 1" --epochs 15 --groups 2
the_same "a start and a blend" "1 2" --epochs 15 --init svd --blend 0.5 --snapshots last
the_same "a start" "2 1" --epochs 15 --init svd
often "GloVe" 3 --epochs 4 --accumulators element
often "fewer groups than ranks" 3 --epochs 4 --groups 2
signalled_in_train "a rank without a group" 3 1 --groups 1

loose=(train x.h5 --threads 1 --order shuffle "${model[@]}" --epochs 5)
claim "one random order: straight" "$WORDSHARD" "${loose[@]}" -o straight.h5 --overwrite
rm -rf cut.*
claim "one random order: stopped at any non-zero" until_done "$WORDSHARD" "${loose[@]}" -o cut.h5 --max-time 0.2s
claim "one random order: and more than once" test "$stops" -gt 1
claim "one random order: the same bits" same_run straight.h5 cut.h5
claims_end
