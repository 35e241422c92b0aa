#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops, checkpoints and going on of skip-gram by strata, in the middle of an episode: other
# ranks and threads go on to the bits of a run that was never stopped.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

"$WORDSHARD" synth -o t.txt --tokens 400000 --vocab 1000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
model=(--schedule strata --dim 50)

train() { # RANKS OUTPUT ARGS...: two threads on an odd number of ranks
    local ranks=$1 output=$2
    shift 2
    on "$ranks" train c.h5 -o "$output" --threads $((ranks % 2 + 1)) "${model[@]}" "$@"
}
same=same_run

the_same "skip-gram" "1 2 3 1" --epochs 4 --episodes 2
claim "stopped in the middle of an episode" in_the_middle 50.0 0.0
the_same "fewer groups than ranks" "3 1" --epochs 3 --groups 2
the_same "one group" "2 1" --epochs 4 --groups 1 --snapshots last
the_same "a start and a blend" "2 1" --epochs 3 --init svd --blend 0.5
the_same "a start" "1 3" --epochs 3 --init svd
often "skip-gram" 2 --epochs 2 --episodes 3
signalled_in_train "the last of three ranks" 3 2
claims_end
