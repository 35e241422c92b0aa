#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops, checkpoints and going on of the schedules over windows: real signals to real ranks, kills,
# damaged checkpoints.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

"$WORDSHARD" synth -o t.txt --tokens 1500000 --vocab 1000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1

train() { # RANKS OUTPUT ARGS...
    local ranks=$1 output=$2
    shift 2
    on "$ranks" train c.h5 -o "$output" --dim 50 --epochs 4 --threads 1 "$@"
}

# the_same NAME "RANKS..." ARGS...: stopped over and over, on other ranks each time, it ends with the
# bits of a run that was never stopped.
the_same() {
    local name=$1 ways=$2 k n=0
    shift 2
    claim "$name: straight" train 1 straight.h5 --overwrite -q "$@"
    rm -rf cut.h5 cut.ckpt
    for k in $ways; do
        train "$k" cut.h5 --max-time 0.3s "$@" >cut.out 2>cut.err
        [ $? -eq 85 ] || break
        n=$((n + 1))
    done
    claim "$name: was stopped" test "$n" -gt 0
    [ -e cut.h5 ] || claim "$name: goes on to the end" train "$k" cut.h5 -q "$@"
    claim "$name: the same bits" "$same" straight.h5 cut.h5
    claim "$name: the checkpoints are gone" test ! -e cut.ckpt
}

same=same_run
the_same "rounds" "1 2 3" --deterministic
the_same "rounds of CBOW" "2 1 3" --deterministic --model cbow
the_same "rounds of a tree" "3 2 1" --deterministic --objective hs
the_same "replicas" "1 3 2" --deterministic --replicas 3
the_same "replicas with cold rows" "2 1 3" --deterministic --replicas 3 --replicate 0 --messages bfloat16
the_same "one snapshot" "2 1" --deterministic --snapshots last
the_same "a start and a blend" "1" --init svd --blend 1 --deterministic
same=same_tables
the_same "hogwild on one thread" "1 1" --order shuffle

claim "a straight run that keeps checkpoints" train 1 straight.h5 --overwrite -q --deterministic
claim "many checkpoints" train 2 many.h5 --deterministic --checkpoint-every 0.05s
claim "change nothing" same_run straight.h5 many.h5
rm -rf many.*
claim "many checkpoints of replicas whose spans are long" \
    train 2 many.h5 --deterministic --replicas 2 --merge-every 600000 --checkpoint-every 0.05s

# ---- signals

# signalled NAME RANKS SIGNAL WHICH: one rank of a long run gets a signal.
signalled() {
    local name=$1 ranks=$2 signal=$3 which=$4 begin code
    rm -rf long.*
    "$MPIRUN" "$ranks" "$WORDSHARD" train c.h5 -o long.h5 --dim 50 --epochs 1000 --threads 1 --report-every 0.1s >long.out 2>long.err &
    local job=$!
    claim "$name: runs" wait_for 30 grep -q "epoch 2/1000" long.err
    mapfile -t pids < <(rank_pids "-o long.h5")
    claim "$name: $ranks ranks run" test ${#pids[@]} -eq "$ranks"
    begin=$(date +%s%N)
    kill -s "$signal" "${pids[$which]}"
    wait "$job"
    code=$?
    claim "$name: exit code 85, not $code" test "$code" -eq 85
    claim "$name: within 5 s" test $((($(date +%s%N) - begin) / 1000000)) -lt 5000
    claim "$name: one line" sh -c '[ "$(grep -c "wordshard: error: stopped by" long.err)" -eq 1 ]'
    claim "$name: nothing under the final name" sh -c 'test ! -e long.h5 && test ! -e long.h5.partial && test -e long.ckpt/state-0.h5'
}
signalled "SIGTERM to the last of three ranks" 3 TERM 2
signalled "SIGUSR1 to the first" 2 USR1 0
stopped "hogwild goes on, on fewer ranks" "$WORDSHARD" train c.h5 -o long.h5 --dim 50 --epochs 1000 --threads 1 --max-time 1s
claim "and says from where" grep -q "going on from long.ckpt/state-0.h5: epoch" stopped.err

# ---- kills

# killed NAME WHICH...: ranks die in mid-run; the same command goes on from the last checkpoint.
killed() {
    local name=$1 which
    shift
    rm -rf dead.*
    local -a command=("$MPIRUN" 2 "$WORDSHARD" train c.h5 -o dead.h5 --dim 50 --epochs 4 --threads 1 --deterministic --checkpoint-every 0.05s)
    timeout 60 "${command[@]}" >dead.out 2>dead.err &
    local job=$!
    wait_for 30 grep -q "checkpoint of epoch 2" dead.err
    mapfile -t pids < <(rank_pids "-o dead.h5")
    for which; do kill -KILL "${pids[$which]}"; done
    wait "$job"
    claim "$name: the job ends, not by itself and not by the clock" test $? -ne 124 -a ! -e dead.h5
    claim "$name: the same command" "${command[@]}"
    cp claim.log dead.log
    claim "$name: goes on" grep -q "going on from dead.ckpt/state-.*: epoch 2" dead.log
    claim "$name: the same bits" same_run straight.h5 dead.h5
}
killed "a rank is killed" 1
killed "all are killed" 0 1

# ---- what is not whole, or of another run

rm -rf cut.*
checkpoint() { # two generations of a run that has not ended
    rm -rf cut.h5 cut.ckpt
    "$WORDSHARD" train c.h5 -o cut.h5 --dim 50 --epochs 4 --threads 1 --deterministic --checkpoint-every 0.1s 2>cut.err &
    wait_for 30 grep -q "checkpoint of epoch 3" cut.err
    kill -USR1 $!
    wait $!
    test $? -eq 85 -a -e cut.ckpt/state-0.h5 -a -e cut.ckpt/state-1.h5
}
claim "two generations" checkpoint
newest() { sed -n 's/.*going on from \([^:]*\):.*/\1/p' "$1"; }
refuses "another width and seed" 2 "dim was 50, now 40; --seed was 1, now 2; give the same" train c.h5 -o cut.h5 --dim 40 --epochs 4 --threads 1 --deterministic --seed 2
"$WORDSHARD" synth -o other.txt --tokens 600000 --vocab 1000 --seed 7 -q >/dev/null && "$WORDSHARD" prepare other.txt -o other.h5 -q >/dev/null
refuses "another corpus" 2 "the hash of the input was" train other.h5 -o cut.h5 --dim 50 --epochs 4 --threads 1 --deterministic
cp -r cut.ckpt whole.ckpt
train 1 cut.h5 --deterministic --max-time 0.01s 2>cut.err
last=$(newest cut.err)
rm -rf cut.ckpt && cp -r whole.ckpt cut.ckpt
flip "$last" $(($(stat -c %s "$last") / 2))
claim "a damaged checkpoint" train 1 cut.h5 --deterministic
cp claim.log damaged.log
claim "is named" grep -q "$last: /tables/.* does not match its digest; the file is damaged; going on from .* the other checkpoint" damaged.log
claim "the older one leads to the same bits" same_run straight.h5 cut.h5
rm -rf cut.h5 && cp -r whole.ckpt cut.ckpt
for file in cut.ckpt/state-?.h5; do truncate -s 5000 "$file"; done
refuses "none that is whole" 3 "no whole checkpoint is left in cut.ckpt: --restart begins anew" train c.h5 -o cut.h5 --dim 50 --epochs 4 --threads 1 --deterministic
claim "--restart" train 2 cut.h5 --deterministic --restart
claim "begins anew" same_run straight.h5 cut.h5
cp -r whole.ckpt snap.ckpt
flip snap.ckpt/epoch-0001.h5 $(($(stat -c %s snap.ckpt/epoch-0001.h5) / 2))
refuses "a damaged snapshot" 3 "snap.ckpt/epoch-0001.h5: /tables/.* does not match its digest" train c.h5 -o snap.h5 --dim 50 --epochs 4 --threads 1 --deterministic

# ---- a full disk

if small_disk disk 4M; then
    head -c 2500K /dev/zero >disk/fill
    claim "a run whose checkpoint does not fit ends" "$WORDSHARD" train c.h5 -o disk/r.h5 --dim 50 --epochs 4 --snapshots last --threads 1 --deterministic --checkpoint-every 0.1s
    cp claim.log full.log
    claim "and warns" grep -q "no checkpoint of epoch .* disk full.*training goes on" full.log
    claim "with the same bits" same_tables straight.h5 disk/r.h5
else
    skip "a full disk: no right to mount one"
fi

claim "the sessions are told" sh -c 'h5dump -g /provenance/sessions many.h5 | grep -q "complete" && h5dump -g /provenance/sessions cut.h5 | grep -q hosts'
claims_end
