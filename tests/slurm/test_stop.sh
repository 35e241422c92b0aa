#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How else a training job ends: by scancel for good, at the limit of requeues, under mpirun by its signal,
# and by the death of a rank.
set -u
source "$SOURCE/tests/slurm/support.sh"
text 200000 && "$WORDSHARD" prepare text.txt -o corpus.h5 -q >/dev/null || exit 1
long='(--deterministic --replicas 2 --dim 64 --epochs 200 --threads 1 --checkpoint-every 1s)'

begin() { # TEMPLATE SETTING...: a job that trains, in $job
    rm -rf run.ckpt ./*.log
    claim "$1 is filled in" template "$1" --nodes=2 --ntasks-per-node=1 OPTIONS="$long" "${@:2}"
    job=$(sbatch --parsable "$1")
    claim "$1 trains" appears 60 'run.ckpt/state-?.h5'
}

begin train.sbatch
scancel "$job"
claim "a job that is cancelled ends" becomes "$job" CANCELLED 30
claim "and stays so" test "$(of_job "$job" Restarts)" -eq 0

begin train.sbatch REQUEUES=0
scancel -s USR1 "$job"
claim "a job that may not be requeued fails" becomes "$job" FAILED 30
claim "with the code of a stop" test "$(of_job "$job" ExitCode)" = 85:0

begin train-mpirun.sbatch
scancel -b -s USR1 "$job"
claim "under mpirun the signal reaches the ranks" becomes "$job" PENDING 30
claim "and the job is requeued" test "$(of_job "$job" Restarts)" -eq 1
claim "and resumes" sh -c 'for i in $(seq 60); do grep -q "going on from" train-*.log && exit; sleep 1; done; exit 1'
scancel "$job"
claim "and is cancelled" becomes "$job" CANCELLED 30

begin train.sbatch
sed -i 's/--wait=60/--wait=5/' train.sbatch # from the next start on
scancel "$job"
claim "it is cancelled" becomes "$job" CANCELLED 30
job=$(sbatch --parsable train.sbatch)
claim "it trains" becomes "$job" RUNNING 30
claim "with ranks" sh -c 'for i in $(seq 60); do grep -q "going on from" train-*.log && exit; sleep 1; done; exit 1'
kill -KILL "$(pgrep -f "wordshard train corpus.h5 -o run.h5" | tail -n 1)"
claim "a rank that dies takes the job down" becomes "$job" FAILED 30
claims_end
