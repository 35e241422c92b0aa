# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A Slurm cluster of one machine: munge, slurmctld and a slurmd for each node, to source inside the
# namespaces that run.sh makes: ports, process ids, host names and mounts are its own and end with them.
# A node has a name and a /dev/shm of its own; the network is a bridge that nothing is joined to.
cluster_nodes=4
cluster_cpus=4 # of a node, whatever the machine has
cluster_address=10.78.0.1

# What this machine is not: fast to schedule and short in its timers, without cgroups, without a database.
# low < main < high: a job of high takes the nodes of one of low, which has GraceTime seconds to end.
# cred_expire: a requeued job starts again that much later; Slurm takes no less than 5.
cluster_config() {
    local folder=$1 memory i
    memory=$(awk -v n="$cluster_nodes" '/MemTotal/ { printf "%d", $2 / 1024 * 0.8 / n }' /proc/meminfo)
    cat <<END_OF_CONFIG
ClusterName=wordshard
SlurmctldHost=login($cluster_address)
SlurmctldPort=17000
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
        echo "NodeName=n$i NodeAddr=$cluster_address Port=$((17000 + i)) CPUs=$cluster_cpus RealMemory=$memory State=UNKNOWN"
    done
    echo "PartitionName=main Nodes=ALL Default=YES MaxTime=UNLIMITED DefaultTime=10 PriorityTier=10 PreemptMode=OFF State=UP"
    echo "PartitionName=low Nodes=ALL MaxTime=UNLIMITED DefaultTime=10 PriorityTier=1 GraceTime=30 PreemptMode=REQUEUE State=UP"
    echo "PartitionName=high Nodes=ALL MaxTime=UNLIMITED DefaultTime=10 PriorityTier=100 PreemptMode=OFF State=UP"
}

# cluster_network FOLDER
cluster_network() {
    printf '127.0.0.1 localhost\n%s login n1 n2 n3 n4\n' "$cluster_address" >"$1/hosts"
    mount --bind "$1/hosts" /etc/hosts && ip link set lo up && ip link add net0 type bridge && ip address add "$cluster_address/24" dev net0 && ip link set net0 up
}

# The socket's folder must be open to all, the key's content is not.
cluster_munge() {
    local folder=$1/munge
    mkdir "$folder" && chmod 711 "$folder"
    (umask 077 && head -c 1024 /dev/urandom >"$folder/key")
    munged --force --key-file="$folder/key" --socket="$folder/socket" --pid-file="$folder/pid" \
        --log-file="$folder/log" --seed-file="$folder/seed" --origin="$cluster_address" --num-threads=2
}

# cluster_up FOLDER: an empty folder for all its state. Exports SLURM_CONF; 1 and a message otherwise.
cluster_up() {
    local folder=$1 i
    mkdir "$folder"/{run,log,state,spool,tmp} && hostname login && cluster_network "$folder" && cluster_munge "$folder" || return 1
    cluster_config "$folder" >"$folder/slurm.conf"
    export SLURM_CONF=$folder/slurm.conf
    slurmctld -i </dev/null >"$folder/log/slurmctld.out" 2>&1
    for i in $(seq "$cluster_nodes"); do
        mkdir "$folder/spool/n$i" "$folder/tmp/n$i"
        # shellcheck disable=SC2016 # the node's shell expands it
        unshare --uts --mount sh -c 'hostname "$0" && mount -t tmpfs tmpfs /dev/shm && exec slurmd -N "$0"' "n$i" \
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
