#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How far do the schedules scale? The messages of src/dist, with training as a time to wait, on clusters
# that SimGrid simulates (libsimgrid-dev): V = 1 M, d = 300, nodes of 16 threads, links of 25 and 100
# Gbit/s; 1 G tokens (GloVe: non-zeros) a node, and 10 G in all. docs/performance.md has the table and
# what the model leaves out.
# Usage: ./dev bench scaling
# NODES="1 4 16 64" GBIT="25 100" SIZES="weak strong" VARIANTS=. (an expression) choose. A row of 64 nodes
# takes 10 to 30 s of CPU time, one of 256 nodes many minutes.
# Speeds of one thread, measured on an AMD Zen 3 core by the other benchmarks:
#   SPEED 1.77e6 tokens/s, hogwild; x .75 rounds; x .71 strata; NONZEROS 20.9e6 non-zeros/s; .83 of it
#   with many threads; HANDLING seconds of one thread to pack, fold and take in a row of a merge.
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
nodes=${NODES:-1 4 16 64} links=${GBIT:-25 100} speed=${SPEED:-1.77e6} nonzeros=${NONZEROS:-20.9e6}
scale=1000 # of tables and bandwidth, so that a cluster fits into this machine
command -v smpicc >/dev/null || {
    echo "skipped: no smpicc (./dev deps scaling)" >&2
    exit 0
}

sources=("$SOURCE"/benchmarks/scaling/*.c "$SOURCE"/src/dist/{changes,comm,exchange,merge,placement,pull,replicas,ring,row_record,shared}.c
    "$SOURCE"/src/base/{memory,status}.c)
smpicc -DSMPI_NO_OVERRIDE_MALLOC -std=gnu17 -D_GNU_SOURCE -O2 -I"$SOURCE/src/base" -I"$SOURCE/src/dist" \
    "${sources[@]}" -lm -o "$work/simulated"
real=$BUILD/benchmarks/bench_scaling

# times A B: their product.
times() { awk "BEGIN { printf \"%.6g\", ($1) * ($2) }"; }

# cluster NODES BYTES: every node has a link of its own to a switch that never is in the way.
cluster() {
    cat <<END
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="node" suffix="" radical="0-$(($1 - 1))" speed="1Gf" core="16"
    bw="$2Bps" lat="2us" loopback_bw="20GBps" loopback_lat="200ns" sharing_policy="SPLITDUPLEX"/>
</platform>
END
}

# simulate NODES BYTES_PER_SECOND ARGS...: large tables, so the collective that Open MPI takes for large
# messages, and no factors by message size.
simulate() {
    local n=$1 bandwidth=$2
    shift 2
    cluster "$n" "$(times "$bandwidth" "1 / $scale")" >"$work/cluster.xml"
    smpirun -np "$n" -platform "$work/cluster.xml" --log=root.thresh:warning --cfg=smpi/simulate-computation:no \
        --cfg=network/crosstraffic:0 --cfg=smpi/bw-factor:0:1 --cfg=smpi/lat-factor:0:1 \
        --cfg=smpi/test:1e-6 --cfg=smpi/grow-injected-times:no --cfg=smpi/coll-selector:ompi \
        --cfg=smpi/allgatherv:ring "$work/simulated" "$@" scale="$scale" bandwidth="$bandwidth"
}

key() { sed -n "s/.*\"$1\": *\([-0-9.e+]*\).*/\1/p"; }

# The same program under MPI sends the same bytes.
check_bytes() {
    local tiny=(words=50000 tokens=1e6 epochs=1 speed=1e12) sent simulated
    sent=$("$MPIRUN" 4 "$real" "$@" "${tiny[@]}" scale="$scale" | key sent_gb)
    simulated=$(simulate 4 1e9 "$@" "${tiny[@]}" | key sent_gb)
    printf '{"benchmark": "scaling", "check": "bytes of 4 ranks", "schedule": "%s", "real_gb": %s, "simulated_gb": %s}\n' \
        "$1" "$sent" "$simulated"
    [ "$sent" = "$simulated" ] || {
        echo "scaling: the simulation sends other bytes than MPI" >&2
        exit 1
    }
}

# The bytes of merging by the model of touched rows beside those of a run: REPLICAS TOKENS-BETWEEN-MERGES.
check_model() {
    local replicas=$1 every=$2 tokens part sent model
    tokens=$("$WORDSHARD" info "$work/corpus.h5" | awk '$1 == "tokens_kept" { print $2 }')
    part=$(times "$tokens" "1 / $replicas")
    sent=$("$MPIRUN" "$replicas" "$WORDSHARD" train "$work/corpus.h5" -o "$work/run.h5" --overwrite --dim 16 \
        --epochs 2 --threads 1 --chunk 512 --replicas "$replicas" --merge-every "$every" --merge-ramp 0 2>&1 >"$work/result" |
        sed -n 's/.* \([0-9.]*\) MiB sent by all ranks/\1/p')
    model=$("$real" merging counts="$work/counts" tokens="$part" dim=16 epochs=2 nodes="$replicas" ramp=0 \
        merges="$(times "$part" "2 / $every")" | key sent_mib)
    sent=$(times "$sent" "1 / $replicas")
    printf '{"benchmark": "scaling", "check": "model of merging", "replicas": %d, "merge_every": %d, "run_mib": %s, "model_mib": %s}\n' \
        "$replicas" "$every" "$sent" "$model"
}

# run NAME ARGS...: all clusters, weak and strong.
run() {
    local name=$1 n link size row
    shift
    [[ $name =~ ${VARIANTS:-.} ]] || return 0
    for n in $nodes; do
        for link in $links; do
            for size in ${SIZES:-weak strong}; do
                local items=1e9
                [ "$size" = weak ] || items=$(times 1e10 "1 / $n")
                row=$(simulate "$n" "$(times "$link" 1.25e8)" "$@" tokens="$items" nonzeros="$items")
                printf '{"variant": "%s", "scaling": "%s", %s\n' "$name" "$size" "${row#\{}"
            done
        done
    done
}

"$real" handling # of this machine, to be held against HANDLING
check_bytes hogwild
check_bytes hogwild hot=10000
check_bytes strata groups=16
check_bytes glove groups=16
text=${TEXT:-$SOURCE/../shared/data/corpora/enwiki-10m.txt.zst}
if [ -r "$text" ]; then
    "$WORDSHARD" prepare "$text" -o "$work/corpus.h5" --quiet >/dev/null
    h5dump -d /vocab/counts -y -w 1 "$work/corpus.h5" | grep -oE '^ +[0-9]+' >"$work/counts"
    check_model 2 80000
    check_model 4 80000
    check_model 4 200000
fi

# Each schedule as it is, then without what limits it first, second, ...
read -ra handling <<<"${HANDLING:-pack=5.6e-7 fold=9.8e-7 apply=6.5e-7}"
merging=(hogwild speed="$speed" "${handling[@]}")
run hogwild-one-thread "${merging[@]}" mergers=1
run hogwild "${merging[@]}" mergers=16
run hogwild-narrow "${merging[@]}" mergers=16 narrow=1
run hogwild-cold "${merging[@]}" mergers=16 narrow=1 hot=100000 hidden=1
run hogwild-seldom "${merging[@]}" mergers=16 narrow=1 pace=10
run rounds "${merging[@]}" speed="$(times "$speed" .75)" mergers=16
run rounds-narrow "${merging[@]}" speed="$(times "$speed" .75)" mergers=16 narrow=1
strata=(strata speed="$(times "$speed" .71)")
run strata "${strata[@]}"
run strata-apart "${strata[@]}" apart=4096
run strata-overlap "${strata[@]}" apart=4096 overlap=1
run glove glove speed="$nonzeros" epochs=15
