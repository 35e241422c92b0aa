#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops, checkpoints and going on of GloVe, in the middle of an epoch: other
# ranks and threads go on to the bits of a run that was never stopped.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

"$WORDSHARD" synth -o t.txt --tokens 200000 --vocab 2000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
"$WORDSHARD" cooccur c.h5 -o x.h5 --window 50 -q >/dev/null || exit 1
model=(--model glove --dim 50 --report-every 0.1s)

train() { # RANKS OUTPUT ARGS...: two threads on an odd number of ranks
    local ranks=$1 output=$2
    shift 2
    on "$ranks" train x.h5 -o "$output" --threads $((ranks % 2 + 1)) "${model[@]}" "$@"
}

sign="epoch [0-9]*/[0-9]* \|going on from" in_the_middle "GloVe" "2 3 1" --epochs 12
interrupted "sums of squares by element, fewer groups than ranks" "3 1" --epochs 12 --groups 2 --accumulators element
interrupted "a start and a blend" "1 2" --epochs 8 --init svd --blend 0.5 --snapshots last
often "GloVe" 3 --epochs 2 --accumulators element

train() { # 1 OUTPUT ARGS...: one order for all is for one thread
    local output=$2
    shift 2
    "$WORDSHARD" train x.h5 -o "$output" --threads 1 "${model[@]}" --order shuffle --epochs 4 "$@"
}
in_the_middle "one random order, at any non-zero" "1 1"
claims_end
