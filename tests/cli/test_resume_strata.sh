#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops, checkpoints and going on of skip-gram by strata, in the middle of an episode: other
# ranks and threads go on to the bits of a run that was never stopped.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

"$WORDSHARD" synth -o t.txt --tokens 300000 --vocab 1000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
model=(--schedule strata --dim 50 --report-every 0.1s)

train() { # RANKS OUTPUT ARGS...: two threads on an odd number of ranks
    local ranks=$1 output=$2
    shift 2
    on "$ranks" train c.h5 -o "$output" --threads $((ranks % 2 + 1)) "${model[@]}" "$@"
}

sign="epoch [0-9]*/[0-9]* \|going on from" in_the_middle "skip-gram" "1 2 3" --epochs 12 --episodes 2
interrupted "fewer groups than ranks" "3 1" --epochs 10 --groups 2
interrupted "one group" "2 1" --epochs 10 --groups 1 --episodes 9 --snapshots last
interrupted "a start and a blend" "1 2" --epochs 10 --init svd --blend 0.5
often "skip-gram" 2 --epochs 1 --episodes 3
claims_end
