#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# plan: what it foretells is what comes, for any number of ranks; what cannot fit is refused.
set -u
source "$SOURCE/tests/support/claims.sh"
export TMPDIR=$PWD/temporary
mkdir "$TMPDIR" || exit 1

# A vocabulary large enough that tables outweigh the program.
"$WORDSHARD" synth -o text.txt --tokens 400000 --vocab 30000 -q >/dev/null || exit 1
"$WORDSHARD" prepare text.txt -o c.h5 --min-count 1 -q >/dev/null || exit 1
"$WORDSHARD" cooccur c.h5 -o x.h5 -q >/dev/null || exit 1

# ---- memory

# foretold RANKS INPUT ARGS...: the estimate and what the ranks took are at most 15 % apart;
# docs/performance.md has larger runs, where fixed costs weigh less.
foretold() {
    local ranks=$1 input=$2 peak need
    shift 2
    "$WORDSHARD" plan train "$input" --ranks "$ranks" --threads 1 --words-per-second 1e6 --json -q "$@" >plan.json || return 1
    on "$ranks" train "$input" -o run.h5 --overwrite --threads 1 -q "$@" >/dev/null || return 1
    need=$(number memory_per_rank plan.json)
    peak=$("$WORDSHARD" info run.h5 --json | sed -n 's/.*"peak_memory_of_all_ranks": *\([0-9]*\).*/\1/p')
    awk -v need="$need" -v peak="$peak" -v ranks="$ranks" 'BEGIN {
        peak /= ranks; print need / peak, need, peak; exit !(need > 0.85 * peak && need < 1.15 * peak) }'
}
run=(--dim 300 --epochs 1)
claim "memory of skip-gram" foretold 1 c.h5 "${run[@]}"
claim "memory of replicas" foretold 1 c.h5 "${run[@]}" --replicas 2
claim "memory of CBOW in rounds on two ranks" foretold 2 c.h5 "${run[@]}" --model cbow --deterministic
claim "memory of strata on two ranks" foretold 2 c.h5 "${run[@]}" --schedule strata
claim "memory of GloVe from a corpus" foretold 1 c.h5 "${run[@]}" --model glove

# The number of non-zeros is found from a part of the words.
sampled() {
    "$WORDSHARD" plan cooccur c.h5 --words-per-second 1e6 --json >plan.json &&
        awk -v a="$(number nonzeros plan.json)" -v b="$("$WORDSHARD" info x.h5 --json | sed -n 's/.*"nonzeros": *\([0-9]*\).*/\1/p')" \
            'BEGIN { exit !(a > 0.95 * b && a < 1.05 * b) }'
}
claim "non-zeros before they are counted" sampled

# One process plans for many; a table that is cut takes less on each.
many() {
    "$WORDSHARD" plan train c.h5 "${run[@]}" --schedule strata --groups 128 --ranks 64 --nodes 8 --threads 4 \
        --words-per-second 1e6 --json >many.json && [ "$(number ranks many.json)" = 64 ] &&
        [ "$(number nodes many.json)" = 8 ] && [ "$(number threads_per_rank many.json)" = 4 ] &&
        "$WORDSHARD" plan train c.h5 "${run[@]}" --schedule strata --words-per-second 1e6 --json >one.json &&
        awk -v a="$(number memory_per_rank many.json)" -v b="$(number memory_per_rank one.json)" 'BEGIN { exit !(a < b / 2) }'
}
claim "one process plans for 64 ranks" many

refuses "more than a rank may use" 5 "needs .* for each rank, --memory gives 40" \
    plan train c.h5 "${run[@]}" --memory 40M
refuses "more than a node has" 5 "on each node for its 4 rank(s), --node-memory gives 50" \
    plan train c.h5 "${run[@]}" --ranks 8 --nodes 2 --node-memory 50M
refuses "more nodes than ranks" 2 "there are only 2 ranks" plan train c.h5 --ranks 2 --nodes 3
refuses "nothing to plan" 2 "plan what" plan c.h5
refuses "a text for training" 3 "prepare the text first" plan train text.txt
refuses "options of another command" 2 "unknown option --dim" plan cooccur c.h5 --dim 3
refuses "what train refuses" 2 "--x-max 5 has no meaning" plan train c.h5 --x-max 5

# ---- time and disk

claim "time from a speed" sh -c '"$WORDSHARD" plan train c.h5 --epochs 5 --words-per-second 1e5 --json >plan.json'
claim "is work by speed" awk -v s="$(number seconds plan.json)" 'BEGIN { exit !(s == 20) }'
before=$(claims_files)
for what in "train c.h5 --dim 20" "train c.h5 --dim 20 --model glove --epochs 2" "cooccur c.h5" "prepare text.txt"; do
    # shellcheck disable=SC2086
    claim "the speed of $what is measured" sh -c '"$WORDSHARD" plan '"$what"' --json >.plan.json && grep -q "\"measured\": true" .plan.json && mv .plan.json plan.json'
    claim "it gives a time" awk -v s="$(number seconds plan.json)" 'BEGIN { exit !(s > 0) }'
done
claim "nothing is left of that" test "$(grep -v plan.json <<<"$before" | awk '{print $1}')" = "$(claims_files | grep -v plan.json | awk '{print $1}')"
disk() {
    "$WORDSHARD" plan train c.h5 --dim 50 --epochs 3 --words-per-second 1e6 --json >plan.json &&
        "$WORDSHARD" train c.h5 -o disk.h5 --dim 50 --epochs 3 -q >/dev/null &&
        awk -v a="$(number output_bytes plan.json)" -v b="$(stat -c %s disk.h5)" 'BEGIN { exit !(a > 0.9 * b && a < 1.1 * b) }'
}
claim "the size of the run file" disk
if small_disk full 1m; then
    refuses "more than the disk has" 5 "this run needs up to .* in full" plan train c.h5 -o full/r.h5 "${run[@]}" --words-per-second 1
else
    skip "a full disk: it needs the right to mount"
fi

# ---- a batch script

# A stand-in for srun: without its options.
mkdir bin
cat >bin/srun <<'EOF'
#!/bin/sh
while case $1 in -*) true ;; *) false ;; esac; do shift; done
exec "$@"
EOF
chmod +x bin/srun
ln -s "$WORDSHARD" bin/wordshard
script() {
    "$WORDSHARD" plan train c.h5 -o "it's.h5" --dim 20 --epochs 1 --sample 1e-3 --ranks 4 --nodes 2 --threads 3 \
        --words-per-second 1e3 --sbatch job.sh -q >/dev/null &&
        grep -q '^#SBATCH --nodes=2$' job.sh && grep -q '^#SBATCH --ntasks-per-node=2 ' job.sh &&
        grep -q '^#SBATCH --cpus-per-task=3 ' job.sh && grep -Eq '^#SBATCH --mem=[0-9]+M ' job.sh &&
        grep -q '^#SBATCH --time=0-00:19:00' job.sh && PATH=$PWD/bin:$PATH bash job.sh >/dev/null 2>&1 &&
        [ "$("$WORDSHARD" info "it's.h5" --json | grep -c '"dim": "20"')" = 1 ]
}
claim "a script that can be submitted" script
refuses "a script that is there" 4 "job.sh exists" plan train c.h5 --words-per-second 1e6 --sbatch job.sh
claim "on standard output" sh -c '"$WORDSHARD" plan train c.h5 --words-per-second 1e6 --sbatch - | bash -n'
refuses "a script for counting" 2 "plan train" plan cooccur c.h5 --sbatch -

# ---- --dry-run

claim "a dry run needs no output" sh -c '"$WORDSHARD" train c.h5 --dry-run --json >dry.json && test "$(grep -c memory_per_rank dry.json)" = 1'
refuses "but a text does" 2 "-o FILE is missing" train text.txt --dry-run
claims_end
