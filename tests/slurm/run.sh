#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every script of jobs/ on a real Slurm of four nodes, which this starts on one machine and ends again.
# Usage: ./dev slurm [NAME...], the tests without test_ and .sh
# Exit code 77: not possible here, with the reason.
set -u
self=$(readlink -f "$0")
here=$(dirname "$self")

skip() {
    echo "skipped: a Slurm on this machine needs $*" >&2
    exit 77
}

if [ "${1:-}" != --inside ]; then
    for tool in munged slurmctld slurmd sbatch srun unshare nsenter ip; do
        command -v "$tool" >/dev/null || skip "$tool (./dev deps slurm)"
    done
    [ "$(id -u)" -eq 0 ] || skip "root: slurmd becomes the user of a job"
    spaces=(--net --mount --uts --ipc --pid --fork --kill-child --mount-proc)
    unshare "${spaces[@]}" true 2>/dev/null || skip "the right to make namespaces"
    folder=$(mktemp -d "${TMPDIR:-/tmp}/wordshard-slurm.XXXXXX")
    unshare "${spaces[@]}" "$self" --inside "$folder" "$@" &
    cluster=$!
    trap 'kill -KILL "$cluster" 2>/dev/null' HUP INT TERM # and all of it: --kill-child
    wait "$cluster"
    code=$?
    for _ in $(seq 20); do # the last processes of a cluster that was killed may write yet
        ! rm -rf "$folder" 2>/dev/null || break
        sleep 0.1
    done
    exit "$code"
fi

folder=$2
shift 2
source "$here/cluster.sh"
taskset --pid --cpu-list 0,1 $$ >/dev/null 2>&1 # where there are more, jobs take as long as they do here
cluster_up "$folder" || exit 1
# What a user's job script finds: the program in PATH. Root and more ranks than cores are this machine's.
mkdir "$folder/bin" "$folder/work" && ln -s "$WORDSHARD" "$folder/bin/wordshard"
export PATH=$folder/bin:$PATH TMPDIR=$folder/work
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader,tcp OMPI_MCA_btl_vader_single_copy_mechanism=none
failed=0
[ $# -gt 0 ] || mapfile -t tests < <(basename -a "$here"/test_*.sh | sed 's/^test_//; s/\.sh$//')
for name in "${@:-${tests[@]}}"; do
    begin=$SECONDS
    echo "-- $name"
    bash "$here/test_$name.sh" || failed=$((failed + 1))
    echo "-- $name: $((SECONDS - begin)) s"
done
[ "$failed" -eq 0 ] || tail -n 20 "$folder/log/slurmctld.log"
[ "$failed" -eq 0 ]
