#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mpirun.sh RANKS PROGRAM ARGS...: ranks on this machine, more than cores if need be, as root too.
# When a rank fails, mpirun does not give the others a second each to go: they have ended together.
set -eu
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
n=$1
shift
exec mpirun --oversubscribe --bind-to none --mca pml ob1 --mca btl self,vader \
  --mca btl_vader_single_copy_mechanism none --mca mpi_yield_when_idle 1 \
  --mca rmaps_base_inherit 1 --mca orte_base_help_aggregate 1 \
  --mca odls_base_sigkill_timeout 0 -q -np "$n" "$@"
