#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A job with more rights takes the nodes: training writes a checkpoint in its grace time, goes back to the
# queue, and goes on when there are nodes.
set -u
source "$SOURCE/tests/slurm/resume.sh"

resume_begin preemptible.sbatch 20
resume_checkpoints
claim "a job of another partition gets the nodes" srun -p high -N 4 --exclusive true
for model in "${models[@]}"; do
    claim "$model stops in its grace time" grep -q 'exit code 85' "$model"/*.log
done
resume_end 200
claims_end
