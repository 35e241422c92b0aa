#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Training that takes longer than its time limit of a minute: it is signalled, writes a checkpoint, goes
# back to the queue, and ends with the bits of a run that nothing interrupted.
set -u
source "$SOURCE/tests/slurm/resume.sh"

# Slurm looks at the time every half minute, and sends the signal up to as much too early.
resume_begin train.sbatch 40 --time=1 --signal=USR1@12 --nodes=4 --ntasks-per-node=1
resume_end 900
for model in "${models[@]}"; do
    claim "$model ended by the signal, never by the limit" sh -c \
        'grep -q "exit code 85" "$0"/*.log && ! grep -q "TIME LIMIT" "$0"/*.log' "$model"
done
claims_end
