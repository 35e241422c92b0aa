#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A node goes down under training jobs: Slurm requeues them, and they go on from their last checkpoints on
# other nodes.
set -u
source "$SOURCE/tests/slurm/resume.sh"

resume_begin train.sbatch 20 --nodes=3 --ntasks-per-node=1
resume_checkpoints
claim "n2 goes down" scontrol update nodename=n2 state=down reason=test
for model in "${models[@]}"; do
    claim "$model is taken off" becomes "${job[$model]}" PENDING 30
done
resume_end 200
claim "the jobs went on without the node" test "$(of_job "${job[skipgram]}" NodeList)" = "n[1,3-4]"
claim "n2 comes back" scontrol update nodename=n2 state=resume
claims_end
