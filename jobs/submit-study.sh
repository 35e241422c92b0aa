#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Submit a study as three jobs, each after what it needs: the corpora, an array that shares the runs, and
# what compares them. Fill in study.sbatch first.
# Usage: submit-study.sh TASKS, TASKS as sbatch --array takes them, without gaps: 1-10, 1-100%8
# What a job needs and will never come takes the job out of the queue (--kill-on-invalid-dep).
set -eu
here=$(dirname "$0")
submit() { sbatch --parsable --kill-on-invalid-dep=yes "$@"; }

prepare=$(STAGE=prepare submit "$here/study.sbatch")
runs=$(submit --dependency="afterok:$prepare" --array="$1" "$here/study.sbatch")
analysis=$(STAGE=analysis submit --dependency="afterok:$runs" "$here/study.sbatch")
echo "prepare $prepare, runs $runs, analysis $analysis"
