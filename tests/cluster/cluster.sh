#!/usr/bin/env bash
# A SLURM cluster on this host, from Debian's packages: cluster.sh start|stop|status FOLDER
#
# Two emulated nodes: cpu01 (partition cpu) and gpu01 (partition gpu, one fake GPU; partition urgent preempts it).
# FOLDER receives everything; `source FOLDER/env.sh` points SLURM's commands to the cluster. Needs root, but neither
# systemd nor cgroups nor an accounting database: finished jobs are kept in FOLDER/log/jobs.txt (jobcomp/filetxt).
# Exit status 3: the cluster cannot run here, and why is on stderr.
set -euo pipefail

PACKAGES=(slurmctld slurmd slurm-client munge)
NODES=(cpu01 gpu01)

failed() { echo "cluster.sh: $*" >&2; exit 1; }

cannot() { echo "cluster.sh: $*" >&2; exit 3; }

usage() { echo "usage: cluster.sh start|stop|status FOLDER" >&2; exit 2; }

installed() { for program in slurmctld slurmd squeue munged; do command -v "$program" >/dev/null || return 1; done; }

require_packages() {
    installed && return
    local hint="install them: apt-get install --no-install-recommends ${PACKAGES[*]}"
    [ "$(id -u)" = 0 ] || cannot "the SLURM packages are missing and only root can install them; $hint"
    command -v apt-get >/dev/null || cannot "the SLURM packages are missing and this is not Debian; $hint"
    {
        apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${PACKAGES[@]}"
    } >"$FOLDER/log/install.log" 2>&1 || cannot "apt-get failed, see $FOLDER/log/install.log; $hint"
    installed || cannot "apt-get installed no SLURM; $hint"
}

# The first of four neighbouring TCP ports on which nobody listens.
free_ports() {
    local first port
    for first in $(seq 16817 10 17817); do
        for port in $(seq "$first" $((first + 3))); do
            ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue 2
        done
        echo "$first" && return
    done
    failed "no free TCP ports from 16817 on"
}

write_configuration() {
    local port
    port=$(free_ports)
    cat >"$FOLDER/etc/slurm.conf" <<EOF
ClusterName=onehost
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$MUNGE
StateSaveLocation=$FOLDER/state
SlurmdSpoolDir=$FOLDER/spool/%n
SlurmctldPidFile=$FOLDER/run/slurmctld.pid
SlurmdPidFile=$FOLDER/run/%n.pid
SlurmctldLogFile=$FOLDER/log/slurmctld.log
SlurmdLogFile=$FOLDER/log/%n.log
MailProg=/bin/true
MpiDefault=none
MessageTimeout=20
# processes: no cgroups here, so memory is sampled and jobs over their limit are killed by slurmstepd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
KillWait=10
# scheduling
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=5
DefMemPerCPU=500
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=0
ReturnToService=1
SlurmdTimeout=120
# what is kept of finished jobs
MinJobAge=3600
JobCompType=jobcomp/filetxt
JobCompLoc=$FOLDER/log/jobs.txt
# two nodes on one host
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=cpu01 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 RealMemory=16000
NodeName=gpu01 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2 RealMemory=16000 Gres=gpu:fake:1
PartitionName=cpu Nodes=cpu01 Default=YES DefaultTime=10 MaxTime=1-0
PartitionName=gpu Nodes=gpu01 DefaultTime=10 MaxTime=1-0 PriorityTier=1
PartitionName=urgent Nodes=gpu01 DefaultTime=10 MaxTime=1-0 PriorityTier=2 PreemptMode=OFF
EOF
    echo "NodeName=gpu01 Name=gpu Type=fake File=/dev/null" >"$FOLDER/etc/gres.conf"
    # Snakemake's job step removes every SLURM_* variable before it calls srun, SLURM_CONF too
    printf '#!/bin/sh\nSLURM_CONF=%q exec %q "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$FOLDER/bin/srun"
    chmod +x "$FOLDER/bin/srun"
    printf 'export SLURM_CONF=%q PATH=%q:$PATH\n' "$SLURM_CONF" "$FOLDER/bin" >"$FOLDER/env.sh"
}

start_munge() {
    [ -s "$FOLDER/etc/munge.key" ] || (umask 077 && head -c 1024 /dev/urandom >"$FOLDER/etc/munge.key")
    # by force: munge does not like folders that only root may enter, such as those of pytest
    munged --force --key-file="$FOLDER/etc/munge.key" --socket="$MUNGE" --pid-file="$FOLDER/run/munged.pid" \
        --log-file="$FOLDER/log/munged.log" --seed-file="$FOLDER/run/munge.seed" 2>>"$FOLDER/log/munged.log"
}

# Whether the daemon of a pid file lives (a zombie does not).
running() { [ -s "$FOLDER/run/$1.pid" ] && grep -qs "^State:[[:space:]]*[^Z]" "/proc/$(<"$FOLDER/run/$1.pid")/status"; }

# Calls a test ten times a second, for as long as 20 s, until it holds.
within_20_seconds() { for _ in $(seq 200); do "$@" && return || sleep 0.1; done; return 1; }

all_idle() { [ "$(sinfo --noheader --Node --format=%T 2>/dev/null | sort -u)" = idle ]; }

start() {
    umask 022
    mkdir -p "$FOLDER"/{etc,bin,state,log,run/munge} "${NODES[@]/#/$FOLDER/spool/}"
    [ "$(id -u)" = 0 ] || cannot "only root can start SLURM's daemons"
    require_packages
    [ ! -s "$FOLDER/run/slurmctld.pid" ] || stop
    write_configuration
    start_munge
    slurmctld
    within_20_seconds running slurmctld || failed "slurmctld did not start, see $FOLDER/log/slurmctld.log"
    for node in "${NODES[@]}"; do slurmd -N "$node"; done
    within_20_seconds all_idle || failed "the nodes did not come up, see $FOLDER/log"
    echo "source $FOLDER/env.sh"
}

ended() { ! running "$1"; }

no_jobs() { [ -z "$(squeue --noheader 2>/dev/null)" ]; }

stop() {
    if running slurmctld; then
        squeue --noheader --format=%A | xargs --no-run-if-empty scancel
        within_20_seconds no_jobs || echo "cluster.sh: some jobs did not end" >&2
    fi
    for name in "${NODES[@]}" slurmctld munged; do
        running "$name" || continue
        kill "$(<"$FOLDER/run/$name.pid")"
        within_20_seconds ended "$name" || kill -KILL "$(<"$FOLDER/run/$name.pid")"
    done
}

status() { sinfo --Node && squeue --states=all; }

[ $# = 2 ] || usage
FOLDER=$(realpath -m "$2")
MUNGE=$FOLDER/run/munge/socket
export SLURM_CONF=$FOLDER/etc/slurm.conf PATH=/usr/sbin:/sbin:$PATH
case "$1" in
    start | stop | status) "$1" ;;
    *) usage ;;
esac
