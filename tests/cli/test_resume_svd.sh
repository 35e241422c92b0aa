#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops, checkpoints and going on of PPMI-SVD, between two iterations, and of full softmax, between two
# minibatches.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

"$WORDSHARD" synth -o t.txt --tokens 60000 --vocab 600 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
"$WORDSHARD" cooccur c.h5 -o x.h5 -q >/dev/null || exit 1

train() { # RANKS OUTPUT ARGS...
    local ranks=$1 output=$2
    shift 2
    on "$ranks" train "$input" -o "$output" --threads 1 "${model[@]}" "$@"
}
input=x.h5 model=(--model ppmi-svd --dim 50 --iterations 200)
sign="positive PMI" in_the_middle "PPMI-SVD" "1 2"
model=(--model ppmi-svd --dim 50 --iterations 30)
often "PPMI-SVD" 3

# Full softmax sums over the ranks, so that only as many go on to the same bits.
input=c.h5 model=(--objective softmax --dim 30 --epochs 5 --report-every 0.1s)
in_the_middle "softmax" "1 1" --order shuffle
claim "softmax on 2 ranks: straight" train 2 straight.h5 --overwrite -q
rm -rf cut.*
interrupt 2 cut.h5
claim "softmax on 2 ranks: is stopped" test $? -eq 85
cp -r cut.ckpt three.ckpt
claim "softmax on 2 ranks: goes on" train 2 cut.h5 -q
claim "softmax on 2 ranks: the same bits" same_run straight.h5 cut.h5
claim "softmax on 3 ranks: goes on" train 3 three.h5 -q
claim "softmax on 3 ranks: the same to rounding" h5diff -p 1e-4 straight.h5 three.h5 /training/loss
claims_end
