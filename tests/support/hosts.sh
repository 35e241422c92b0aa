#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# hosts.sh RANKS PROGRAM ARGS...: as mpirun.sh, but over several hosts.
# Environment: HOSTS (4) hosts; RATE (1gbit), what each sends and receives at, as tc writes it.
# A host is a network namespace with its own name and its own /dev/shm; TCP goes over a bridge. All of
# this belongs to the process and ends with it. Exit code 77: not possible here, with the reason.
# mpirun is on a host of its own that has no ranks, as a login node is.
set -eu
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
hosts=${HOSTS:-4} rate=${RATE:-1gbit} network=10.77.0
own=/dev/shm # private to the hosts
self=$(readlink -f "$0")
source "$(dirname "$self")/network.sh"

skip() {
    echo "skipped: several hosts need $*" >&2
    exit 77
}

# What mpirun takes for ssh: --on HOST COMMAND...
if [ "${1:-}" = --on ]; then
    # shellcheck disable=SC2016 # the shell on the host expands them
    exec nsenter --net="$own/$2" unshare --mount --uts sh -c \
        'hostname "$0" && mount -t tmpfs tmpfs /dev/shm && exec sh -c "$1"' "$2" "${*:3}"
fi
if [ "${1:-}" != --inside ]; then
    for tool in ip tc unshare nsenter; do
        command -v "$tool" >/dev/null || skip "$tool (Debian: iproute2, util-linux)"
    done
    spaces=(--net --mount --uts)
    [ "$(id -u)" -eq 0 ] || spaces+=(--user --map-root-user)
    unshare "${spaces[@]}" true 2>/dev/null || skip "the right to make namespaces"
    exec unshare "${spaces[@]}" "$self" --inside "$@"
fi
shift
ranks=$1
shift

{ mount -t tmpfs tmpfs "$own" && network_bridge "$network.254/24"; } || skip "the right to mount and to make bridges"
hostname login
slots=$(((ranks + hosts - 1) / hosts)) list=
printf '127.0.0.1 localhost\n%s.254 login\n' "$network" >"$own/hosts"
for i in $(seq "$hosts"); do
    network_host "$own/host$i" "$i" "$network.$i/24"
    inside=(nsenter --net="$own/host$i")
    shape=(root tbf rate "$rate" burst 128kb latency 50ms)
    if ! "${inside[@]}" tc qdisc add dev eth0 "${shape[@]}" || ! tc qdisc add dev "port$i" "${shape[@]}"; then
        skip "traffic shaping (tbf) in the kernel"
    fi
    echo "$network.$i host$i" >>"$own/hosts"
    list+=${list:+,}host$i:$slots
done
mount --bind "$own/hosts" /etc/hosts

exec mpirun --mca plm rsh --mca plm_rsh_agent "$self --on" --mca ras ^slurm --host "$list" -np "$ranks" \
    --bind-to none --mca mpi_yield_when_idle 1 --mca pml ob1 --mca btl self,vader,tcp \
    --mca btl_vader_single_copy_mechanism none --mca oob_tcp_if_include "$network.0/24" \
    --mca btl_tcp_if_include "$network.0/24" --mca orte_base_help_aggregate 1 \
    --mca odls_base_sigkill_timeout 0 -q "$@"
