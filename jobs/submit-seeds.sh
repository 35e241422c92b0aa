#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Submit the corpus, a training run for each seed, and the analysis of them all, each after what it needs.
# Usage: submit-seeds.sh [SEEDS], SEEDS as sbatch --array takes them: 1-10, 1-100%8 (default: seeds.sbatch's)
# What a job needs and will never come takes the job out of the queue (--kill-on-invalid-dep).
set -eu
here=$(dirname "$0")
submit() { sbatch --parsable --kill-on-invalid-dep=yes "$@"; }

prepare=$(submit "$here/prepare.sbatch")
seeds=$(submit --dependency="afterok:$prepare" ${1:+--array="$1"} "$here/seeds.sbatch")
analysis=$(submit --dependency="afterok:$seeds" "$here/analysis.sbatch")
echo "prepare $prepare, seeds $seeds, analysis $analysis"
