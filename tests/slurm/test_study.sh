#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several runs in one allocation: side by side, stopped together, and only what is not complete goes on.
set -u
source "$SOURCE/tests/slurm/support.sh"
text 200000 && "$WORDSHARD" prepare text.txt -o corpus.h5 -q >/dev/null || exit 1

claim "study.sbatch is filled in" template study.sbatch --nodes=2 OPTIONS='(--deterministic --threads 1 --checkpoint-every 1s)' \
    RUNS='("quick --dim 8 --epochs 1" "one --dim 64 --epochs 30" "two --model cbow --dim 64 --epochs 30" "last --dim 8 --epochs 2")'
job=$(sbatch --parsable study.sbatch)
claim "the quick run completes" appears 60 study/quick.h5
quick=$(stat -c '%i %Y' study/quick.h5)
claim "both others have begun" appears 60 'study/two.ckpt/state-?.h5'
claim "on two nodes at once" test "$(squeue -s -h -j "$job" -o '%i %N' | grep -c '\.[0-9]')" -eq 2
scancel -s USR1 "$job"
claim "they stop and the job waits to go on" becomes "$job" PENDING 30
claim "no other has begun" test ! -e study/last.log
claim "nor is any complete" sh -c '! ls study/one.h5 study/two.h5 2>/dev/null'
claim "the study completes" becomes "$job" COMPLETED 120
claim "what was complete is left alone" test "$(stat -c '%i %Y' study/quick.h5)" = "$quick"
for name in one two; do
    claim "$name resumed" grep -q "going on from" "study/$name.log"
done
claim "the last run is there" "$WORDSHARD" info study/last.h5 --verify
"$WORDSHARD" train corpus.h5 -o two.h5 --deterministic --threads 1 --model cbow --dim 64 --epochs 30 -q >/dev/null
claim "a resumed run has the bits of one without interruption" same_vectors study/two.h5 two.h5

rm study/quick.h5 study/last.h5
fill study.sbatch RUNS='("quick --dim 8 --epochs 1" "wrong --dim 0" "last --dim 8 --epochs 1")'
job=$(sbatch --parsable study.sbatch)
claim "a study with a run that fails fails" becomes "$job" FAILED 60
claim "with its code" test "$(of_job "$job" ExitCode)" = 2:0
claim "and the others complete" test -s study/quick.h5 -a -s study/last.h5
claims_end
