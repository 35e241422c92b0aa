#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh ROUNDS [FIRST]: as many rounds, numbered from FIRST (1), in each of which something goes wrong
# while a model is trained; then the same command again, until it is done. A round is determined by its
# number but for the moments of signals and kills. Claims for each: the job ends within a minute, by
# itself; it says why in one line, or was killed; what it had kept is gone on from; the result has the
# bits of a run in which nothing went wrong. Then every kind of file is damaged, and must be refused by
# name or give the same results.
# Environment: WORDSHARD, MPIRUN, SOURCE, SHIM (the library of shim.c).
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"
rounds=${1:-20} first=${2:-1} lost=0 hangs=0
last=$((first + rounds - 1))

"$WORDSHARD" synth -o text.txt --tokens 500000 --vocab 800 -q >/dev/null || exit 1
"$WORDSHARD" prepare text.txt -o corpus.h5 -q >/dev/null || exit 1
"$WORDSHARD" cooccur corpus.h5 -o cooc.h5 --window 6 -q >/dev/null || exit 1

# What is trained: a name, the most ranks, the input and options. All give the same bits on any ranks.
models=(
    "rounds 3 corpus.h5 --deterministic --epochs 3"
    "cbow 3 corpus.h5 --deterministic --model cbow --epochs 4"
    "tree 2 corpus.h5 --deterministic --objective hs --epochs 2"
    "replicas 3 corpus.h5 --deterministic --replicas 3 --epochs 3"
    "cold 3 corpus.h5 --deterministic --replicas 3 --replicate 0 --epochs 3"
    "strata 3 corpus.h5 --schedule strata --episodes 4 --epochs 3"
    "glove 3 cooc.h5 --model glove --epochs 30"
    "elements 2 cooc.h5 --model glove --epochs 30 --accumulators element"
    "svd 2 cooc.h5 --model ppmi-svd"
    "hogwild 1 corpus.h5 --order shuffle --epochs 3"
)
for model in "${models[@]}"; do
    read -r name _ input options <<<"$model"
    # shellcheck disable=SC2086 # options are several words
    "$WORDSHARD" train "$input" -o "$name.straight.h5" --dim 40 --threads 1 -q $options >/dev/null || exit 1
done

# ---- a round

# start: the command of this round in the background, with the fault's environment in $fault; its
# messages go to round.err, and when it is over its exit code to round.code.
start() {
    rm -f round.code
    (
        if [ "$ranks" -eq 1 ]; then
            timeout -k 5 60 env "${fault[@]}" "${command[@]}"
        else
            timeout -k 5 60 "$MPIRUN" "$ranks" env "${fault[@]}" "${command[@]}"
        fi >round.out 2>round.err
        echo $? >round.code
    ) &
    job=$!
}

# again: the same command, without a fault, on other ranks.
again() {
    fault=()
    ranks=$((RANDOM % most + 1))
    start
    wait "$job"
}

a_while() { sleep "0.$((RANDOM % 90 + 10))"; }

# The faults. Each starts the job and lets it end.
kill_ranks() { # SIGNAL all|one
    start
    a_while
    mapfile -t pids < <(rank_pids "-o round.h5")
    [ "$2" = all ] || [ ${#pids[@]} -eq 0 ] || pids=("${pids[RANDOM % ${#pids[@]}]}")
    [ ${#pids[@]} -eq 0 ] || kill -s "$1" "${pids[@]}" 2>/dev/null
    wait "$job"
}

# with_fault CALL HOW PATH [ERRNO] [BYTES]: at a random call of those that a run makes
with_fault() {
    fault=(LD_PRELOAD="$SHIM" FAULT_CALL="$1" FAULT_HOW="$2" FAULT_PATH="$3" FAULT_ERRNO="${4:-0}" FAULT_BYTES="${5:-0}"
        FAULT_AT=$((RANDOM % ${6:-40} + 1)) FAULT_RANK=$((RANDOM % ranks)))
    start
    wait "$job"
}

readonly EIO=5 ENOSPC=28
faults=(
    "kill_ranks KILL one" "kill_ranks KILL all" "kill_ranks TERM one" "kill_ranks USR1 all"
    "with_fault write kill round.ckpt/state" "with_fault sync kill round.ckpt 0 0 6" "with_fault rename kill round.ckpt 0 0 6"
    "with_fault create kill round.ckpt 0 0 12" "with_fault claim kill round.ckpt 0 0 12" "with_fault write kill round.ckpt/epoch 0 0 10"
    "with_fault write kill round.h5.partial 0 0 60" "with_fault rename kill round.h5 0 0 1"
    "with_fault write fail round.ckpt $EIO" "with_fault write once round.ckpt $ENOSPC" "with_fault write fail round.h5.partial $ENOSPC 0 60"
    "with_fault claim fail round.ckpt $ENOSPC 0 12" "with_fault claim fail round.h5.partial $ENOSPC 0 12" "with_fault sync fail round $EIO 0 6"
    "with_fault rename fail round $EIO 0 6" "with_fault create fail round.ckpt $EIO 0 12"
    "with_fault write short round.ckpt 0" "with_fault write short round.h5.partial 0 0 60"
    "with_fault memory once - 0 1 300" "with_fault memory fail - 0 100000 20"
)

# What a job may end with: done; I/O, space; stopped; killed by SIGKILL, itself or as mpirun tells it.
is_known_end() {
    case $1 in
    0 | 4 | 5 | 85) return 0 ;;
    137) return 0 ;;
    *) return 1 ;;
    esac
}

verdict() { # of the job with the fault
    local code
    code=$(cat round.code)
    [ "$code" -ne 124 ] || {
        hangs=$((hangs + 1))
        return 1
    }
    is_known_end "$code" || return 1
    [ "$code" -eq 0 ] || [ "$code" -eq 137 ] || [ "$(grep -c 'wordshard: error: ' round.err)" -eq 1 ]
}

# Hogwild adds the loss of its pieces up in another order when it was stopped.
same_result() {
    if [[ $1 = hogwild* ]]; then same_tables "$1" "$2"; else same_run "$1" "$2"; fi
}

one_round() { # NUMBER
    local code kept what
    RANDOM=$1
    read -r name most input options <<<"${models[RANDOM % ${#models[@]}]}"
    what=${faults[$1 % ${#faults[@]}]}
    ranks=$((RANDOM % most + 1)) fault=()
    # shellcheck disable=SC2206 # options are several words
    command=("$WORDSHARD" train "$input" -o round.h5 --dim 40 --threads 1 --checkpoint-every 0.05s $options)
    rm -rf round.*
    # shellcheck disable=SC2086
    $what
    claim "round $1 ($name on $ranks, $what): ends as it should: $(cat round.code) $(tail -1 round.err)" verdict
    code=$(cat round.code)
    kept=$(grep -c 'checkpoint of .* written' round.err)
    cp round.err first.err
    for ((tries = 0; tries < 3; tries++)); do
        [ ! -e round.h5 ] || break
        again
    done
    if [ "$tries" -gt 0 ] && [ "$kept" -gt 0 ]; then
        claim "round $1 ($name, $what): goes on from what was kept" grep -q "going on from round.ckpt" round.err
    fi
    same_result "$name.straight.h5" round.h5 >/dev/null 2>&1 || lost=$((lost + 1))
    claim "round $1 ($name, $what): the same bits after $tries more; $(tail -1 round.err)" same_result "$name.straight.h5" round.h5
    # Who dies when run.h5 has its name, before the checkpoints are gone, leaves them.
    if [ "$code" -ne 137 ] || [ "$tries" -gt 0 ]; then
        claim "round $1 ($name, $what): nothing is left beside it" test ! -e round.ckpt -a ! -e round.h5.partial
    fi
    printf 'round %-4s %-9s %-50s exit %-4s checkpoints %-3s tries %s\n' "$1" "$name" "$what" "$code" "$kept" "$tries"
}

for ((i = first; i <= last; i++)); do one_round "$i"; done

# ---- damage: one random byte of a file of each kind

# unharmed FILE COPY: what is damaged lies between the data: both hold the same.
unharmed() {
    case $1 in
    *.h5) h5diff "$1" "$2" ;;
    *) cmp <(zstd -dcq "$1" 2>/dev/null || gzip -dc "$1") <(zstd -dcq "$2" 2>/dev/null || gzip -dc "$2") ;;
    esac
}

# damage NAME FILE COMMAND...: FILE is in the command as bad.EXTENSION.
damage() {
    local name=$1 file=$2 bad place code refused=0 harmless=0 i
    bad=bad.${file##*.}
    shift 2
    for ((i = 0; i < 20; i++)); do
        cp "$file" "$bad"
        place=$(((RANDOM * 32768 + RANDOM) % $(stat -c %s "$file")))
        # one to seven other bits
        printf '%b' "\\x$(printf %x $(($(od -An -tu1 -j "$place" -N 1 "$file") ^ (RANDOM % 255 + 1))))" |
            dd of="$bad" bs=1 seek="$place" conv=notrunc status=none
        rm -rf out.*
        timeout 60 "$@" >damage.out 2>damage.err
        code=$?
        if [ "$code" -eq 3 ] && [ "$(grep -c 'wordshard: error: ' damage.err)" -eq 1 ] && grep -q "$bad" damage.err; then
            refused=$((refused + 1))
        elif [ "$code" -eq 0 ] && unharmed "$file" "$bad" >/dev/null 2>&1; then
            harmless=$((harmless + 1))
        else
            claim "$name, byte $place: exit code $code: $(tail -1 damage.err)" false
        fi
    done
    claim "$name is checked at all" test "$refused" -gt 0
    printf 'damaged %-12s refused %2d, between the data %2d of 20\n' "$name" "$refused" "$harmless"
}

RANDOM=$first
zstd -q text.txt -o text.zst && gzip -k text.txt
"$WORDSHARD" train corpus.h5 -o kept.h5 --dim 40 --threads 1 --deterministic --epochs 300 --checkpoint-every 0.1s >/dev/null 2>kept.err &
wait_for 30 grep -q "checkpoint of epoch 3" kept.err
kill -USR1 $!
wait $!
claim "a run to damage is stopped" test -e kept.ckpt/epoch-0001.h5
damage corpus corpus.h5 "$WORDSHARD" info --verify bad.h5
damage counts cooc.h5 "$WORDSHARD" info --verify bad.h5
damage run rounds.straight.h5 "$WORDSHARD" info --verify bad.h5
damage checkpoint kept.ckpt/state-0.h5 "$WORDSHARD" info --verify bad.h5
damage snapshot kept.ckpt/epoch-0001.h5 "$WORDSHARD" info --verify bad.h5
damage zst text.zst "$WORDSHARD" prepare bad.zst -o out.h5 --overwrite
damage gz text.txt.gz "$WORDSHARD" prepare bad.gz -o out.h5 --overwrite

printf '%d rounds: %d lost, %d hangs\n' "$rounds" "$lost" "$hangs"
claims_end
