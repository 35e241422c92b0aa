# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A Slurm cluster of one machine: munge, slurmctld and a slurmd for each node, to source inside the
# namespaces that run.sh makes: ports, process ids, host names and mounts are its own and end with them.
# A node has a name, an address and a /dev/shm of its own.
source "$SOURCE/tests/support/network.sh"
cluster_nodes=4
cluster_cpus=4 # of a node, whatever the machine has
cluster_network=10.78.0

# What a site is not: fast to schedule and short in its timers, without cgroups, without a database.
# low < main < high: a job of high takes the nodes of one of low, which has GraceTime seconds to end.
# cred_expire: a requeued job starts again that much later; Slurm takes no less than 5.
cluster_config() {
    local folder=$1 memory i
    memory=$(awk -v n="$cluster_nodes" '/MemTotal/ { printf "%d", $2 / 1024 * 0.8 / n }' /proc/meminfo)
    cat <<END_OF_CONFIG
ClusterName=wordshard
SlurmctldHost=login($cluster_network.254)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
TmpFS=$folder/tmp/%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=64
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=0
SwitchType=switch/none
SchedulerParameters=sched_interval=2,sched_min_interval=0,bf_interval=2,batch_sched_delay=0
SlurmctldTimeout=30
SlurmdTimeout=60
KillWait=10
MessageTimeout=30
JobRequeue=1
MinJobAge=3600
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PlugStackConfig=/dev/null
END_OF_CONFIG
    for i in $(seq "$cluster_nodes"); do
        echo "NodeName=n$i NodeAddr=$cluster_network.$i CPUs=$cluster_cpus RealMemory=$memory State=UNKNOWN"
    done
    echo "PartitionName=main Nodes=ALL Default=YES MaxTime=UNLIMITED DefaultTime=10 PriorityTier=10 PreemptMode=OFF State=UP"
    echo "PartitionName=low Nodes=ALL MaxTime=UNLIMITED DefaultTime=10 PriorityTier=1 GraceTime=30 PreemptMode=REQUEUE State=UP"
    echo "PartitionName=high Nodes=ALL MaxTime=UNLIMITED DefaultTime=10 PriorityTier=100 PreemptMode=OFF State=UP"
}

# The controller and who submits are on a host of their own, login.
cluster_hosts() {
    local folder=$1 i
    hostname login && network_bridge "$cluster_network.254/24" || return 1
    printf '127.0.0.1 localhost\n%s.254 login\n' "$cluster_network" >"$folder/hosts"
    for i in $(seq "$cluster_nodes"); do
        network_host "$folder/host$i" "$i" "$cluster_network.$i/24" || return 1
        echo "$cluster_network.$i n$i" >>"$folder/hosts"
    done
    mount --bind "$folder/hosts" /etc/hosts
}

# The socket's folder must be open to all, the key's content is not.
cluster_munge() {
    local folder=$1/munge
    mkdir "$folder" && chmod 711 "$folder"
    (umask 077 && head -c 1024 /dev/urandom >"$folder/key")
    munged --force --key-file="$folder/key" --socket="$folder/socket" --pid-file="$folder/pid" \
        --log-file="$folder/log" --seed-file="$folder/seed" --origin="$cluster_network.254" --num-threads=2
}

# cluster_up FOLDER: an empty folder for all its state. Exports SLURM_CONF; 1 and a message otherwise.
cluster_up() {
    local folder=$1 i
    mkdir "$folder"/{run,log,state,spool,tmp} && cluster_hosts "$folder" && cluster_munge "$folder" || return 1
    cluster_config "$folder" >"$folder/slurm.conf"
    # Without it Open MPI's TCP transport now and then got a message in MPI_Init that it had no receiver for.
    printf 'PMIxCollFence=tree\nPMIxFenceBarrier=yes\n' >"$folder/mpi.conf"
    export SLURM_CONF=$folder/slurm.conf
    slurmctld -i </dev/null >"$folder/log/slurmctld.out" 2>&1
    for i in $(seq "$cluster_nodes"); do
        mkdir "$folder/spool/n$i" "$folder/tmp/n$i"
        # shellcheck disable=SC2016 # the node's shell expands it
        nsenter --net="$folder/host$i" unshare --uts --mount sh -c 'hostname "$0" && mount -t tmpfs tmpfs /dev/shm && exec slurmd -N "$0"' "n$i" \
            </dev/null >"$folder/log/slurmd.n$i.out" 2>&1
    done
    for _ in $(seq 100); do
        [ "$(sinfo -h -N -p main -t idle -o %N 2>/dev/null | wc -l)" -ne "$cluster_nodes" ] || return 0
        sleep 0.2
    done
    echo "the cluster does not come up" >&2
    tail -n 5 "$folder"/log/* >&2
    return 1
}
