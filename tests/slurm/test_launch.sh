#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The cluster is one, and a training job does its work when nothing disturbs it, by srun and by mpirun.
set -u
source "$SOURCE/tests/slurm/support.sh"
text 200000 || exit 1
mkdir text && mv text.txt text/

names() { srun -N 4 --ntasks-per-node=1 hostname | sort | tr '\n' ' '; }
claim "four nodes with names of their own" test "$(names)" = "n1 n2 n3 n4 "

claim "train.sbatch is filled in" template train.sbatch OPTIONS='(--dim 16 --epochs 2)'
job=$(sbatch --parsable train.sbatch)
claim "train.sbatch completes" becomes "$job" COMPLETED 60
claim "it has prepared the corpus" "$WORDSHARD" info corpus.h5 --verify
claim "it has trained on two nodes" sh -c '"$WORDSHARD" info run.h5 | grep -q "^hosts  *n1 x 2, n2 x 2"'
cp run.h5 before.h5
claim "submitted again it has nothing to do" sbatch --wait train.sbatch
claim "and leaves the run as it is" cmp run.h5 before.h5

claim "train-mpirun.sbatch is filled in" template train-mpirun.sbatch OUTPUT=mpirun.h5 OPTIONS='(--dim 16 --epochs 2)'
job=$(sbatch --parsable train-mpirun.sbatch)
claim "train-mpirun.sbatch completes" becomes "$job" COMPLETED 60
claim "it has trained on two nodes" sh -c '"$WORDSHARD" info mpirun.h5 | grep -q "^hosts  *n1 x 2, n2 x 2"'

claim "plan writes a script" "$WORDSHARD" plan train corpus.h5 -o planned.h5 --dim 16 --epochs 2 --nodes 2 --ranks 4 \
    --threads 1 --sbatch planned.sbatch
job=$(sbatch --parsable planned.sbatch)
claim "it completes as it is" becomes "$job" COMPLETED 60
claim "it has trained on two nodes" sh -c '"$WORDSHARD" info planned.h5 | grep -q "^hosts  *n1 x 2, n2 x 2"'

claim "a training that cannot be is filled in" template train.sbatch OUTPUT=no.h5 OPTIONS='(--dim 0)'
job=$(sbatch --parsable train.sbatch)
claim "it fails" becomes "$job" FAILED 60
claim "with the code of the program" test "$(of_job "$job" ExitCode)" = 2:0
claim "and is not requeued" test "$(of_job "$job" Restarts)" -eq 0
claims_end
