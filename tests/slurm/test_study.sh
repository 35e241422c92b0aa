#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A study in one allocation: runs side by side on several nodes, stopped together, and only what is not
# complete goes on; and as an array with what comes before and after.
set -u
source "$SOURCE/tests/slurm/support.sh"
text 200000
cat >study.yaml <<'END'
corpora: {text: text.txt}
options: {deterministic: true, threads: 1, checkpoint-every: 1s, epochs: 30}
models:
  quick: {model: skipgram, dim: 8, epochs: 1}
  one: {model: skipgram, dim: 64}
  two: {model: cbow, dim: 64}
noise: {seed: 2}
END

claim "study.sbatch is filled in" template study.sbatch --nodes=2 --ntasks-per-node=2
job=$(sbatch --parsable study.sbatch)
claim "runs have begun" appears 60 'study/runs/text-two-seed2.ckpt/state-?.h5'
claim "on two nodes at once" appears 30 'study/runs/text-one-base.ckpt/state-?.h5'
scancel -s USR1 "$job"
claim "they stop and the job waits to go on" becomes "$job" PENDING 30
claim "none of the long ones is complete" sh -c '! ls study/runs/text-one-*.h5 study/runs/text-two-*.h5 2>/dev/null'
claim "the study completes" becomes "$job" COMPLETED 180
claim "runs went on" grep -q "going on from" study/runs/text-one-base.log
claim "and were compared" grep -q "^text  *two  *seed " "study-$job.log"
"$WORDSHARD" train study/corpora/text.h5 -o two.h5 --deterministic --threads 1 --model cbow --dim 64 --epochs 30 --seed 2 -q >/dev/null
claim "a resumed run has the bits of one without interruption" same_vectors study/runs/text-two-seed2.h5 two.h5

cp "$SOURCE/jobs/submit-study.sh" .
sed -i 's/epochs: 30/epochs: 2/; s/two:.*/wrong: {model: glove, dim: 8, learning-rate: 100, x-max: 1e-9}/' study.yaml
claim "for an array" fill study.sbatch --nodes=1 FOLDER=array
read -r _ prepare _ runs _ analysis < <(./submit-study.sh 1-2 | tr -d ,)
claim "shares with a run that fails fail" becomes "$runs" FAILED 120
claim "the others complete" sh -c 'test "$(ls array/runs/text-quick-*.h5 array/runs/text-one-*.h5 | wc -l)" -eq 4'
claim "nothing is compared" test ! -e array/results/study.h5
sed -i '/wrong:/d' study.yaml
rm -r array
read -r _ prepare _ runs _ analysis < <(./submit-study.sh 1-3 | tr -d ,)
claim "an array of a study that is right completes" becomes "$runs" COMPLETED 120
claim "and is compared" becomes "$analysis" COMPLETED 60
claim "after $prepare and $runs" grep -q "^text  *one  *seed " "study-$analysis.log"
claims_end
