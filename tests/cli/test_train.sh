#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Training as a user runs it: alone, on ranks that share rows, with replicas; and what it refuses.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 400000 --vocab 1000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
settings=(--dim 48 --epochs 4 --sample 1e-3 -q)

within() { # A B PART: |A - B| <= PART * |B|
    awk -v a="$1" -v b="$2" -v part="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; if (b < 0) b = -b; exit !(d <= part * b) }'
}
vectors() { # RUN: its vectors as bytes
    "$WORDSHARD" export "$1" -o "$1.npy" --overwrite -q && cat "$1.npy"
}

train() { # NAME RANKS ARGS...
    local name=$1 ranks=$2
    shift 2
    "$MPIRUN" "$ranks" "$WORDSHARD" train c.h5 -o "$name.h5" --json "${settings[@]}" "$@" >"$name.json"
}

claim "one rank trains" train one 1 --threads 1
claim "the same seed gives the same bits on one thread" sh -c \
    '"$WORDSHARD" train c.h5 -o again.h5 --threads 1 '"${settings[*]}"' >/dev/null'
vectors one.h5 >one.bytes
vectors again.h5 >again.bytes
claim "which are compared" cmp one.bytes again.bytes
claim "another seed trains" train other 1 --threads 1 --seed 2
vectors other.h5 >other.bytes
claim "and gives other bits" sh -c '! cmp -s one.bytes other.bytes'
claim "portable kernels train" train portable 1 --threads 1 --isa portable
loss=$(number loss one.json)

check() { # NAME: its loss is that of one rank, its analogies are right
    claim "$1: the loss is that of one rank" within "$(number loss "$1.json")" "$loss" 0.02
    "$WORDSHARD" eval "$1.h5" --analogies t.analogies.txt --json >"$1.eval.json"
    claim "$1: the planted analogies are recovered" within "$(number accuracy "$1.eval.json")" 1 0.1
}
check one
check portable
claim "threads share rows" train threads 1 --threads 2
check threads
claim "2 ranks share rows" train ranks2 2 --threads 1
check ranks2
claim "4 ranks share rows" train ranks4 4 --threads 1
check ranks4
claim "2 replicas on 2 ranks" train replicas2 2 --threads 1 --replicas 2
check replicas2
claim "3 replicas on 2 ranks" train replicas3 2 --threads 1 --replicas 3
check replicas3
claim "4 replicas on 1 rank with 2 threads" train replicas4 1 --threads 2 --replicas 4
check replicas4
claim "16 replicas on 2 ranks" train replicas16 2 --threads 1 --replicas 16
check replicas16
claim "2 replicas of 2 ranks each" train replicas22 4 --threads 1 --replicas 2
check replicas22
claim "chunks in random order" train shuffled 2 --threads 1 --order shuffle
check shuffled
for rule in contraction adasum mean; do
    claim "merging by $rule trains" train "$rule" 2 --threads 1 --replicas 2 --merge "$rule"
done

# Every other objective: alone, on ranks that share rows, and with replicas.
objective() { # NAME ARGS...
    local name=$1
    shift
    claim "$name trains" train "$name" 1 --threads 2 "$@"
    loss=$(number loss "$name.json")
    check "$name"
    claim "$name with 2 replicas on 2 ranks" train "$name.replicas" 2 --threads 1 --replicas 2 "$@"
    check "$name.replicas"
}
objective cbow --model cbow --epochs 8
objective cbow-sum --model cbow --cbow sum --epochs 8
objective cbow-own --model cbow --negatives per-pair --epochs 8
objective own --negatives per-pair
objective hs --objective hs
objective cbow-hs --model cbow --objective hs --epochs 8
claim "hierarchical softmax leaves its nodes and its tree" sh -c '"$WORDSHARD" info hs.h5 --verify >i && grep -q "^/nodes  *float32 \[999, 48\]" i && grep -q "^/tree  *int32 \[999, 2\]" i'
refuses "a table that the run does not have" 3 "no table /context" eval hs.h5 --analogies t.analogies.txt --table context

claim "text is prepared on the fly" sh -c '"$WORDSHARD" train t.txt -o text.h5 --dim 16 --epochs 1 -q'
claim "and its corpus stays" test -s text.h5.corpus.h5
claim "only the last snapshot stays when asked" train last 1 --snapshots last --metrics m.jsonl
claim "metrics have a line for each epoch" sh -c '[ "$(grep -c "\"event\":\"epoch\"" m.jsonl)" = 4 ]'
# Two tables of 1000 x 304 floats and the ids are 4.0 MB; the libraries count as well.
claim "memory is the tables, the ids and 64 MB" train memory 1 --threads 1 --dim 300 --epochs 1
claim "as rank 0 tells" sh -c '[ "$1" -gt 4000000 ] && [ "$1" -lt $((4000000 + 64000000)) ]' - "$(number peak_memory memory.json)"
claim "info shows the options with their defaults" sh -c '"$WORDSHARD" info one.h5 | grep -q "pool-reuse"'
claim "info verifies" "$WORDSHARD" info one.h5 --verify

refuses "no corpus" 2 "missing" train -o x.h5
refuses "no output" 2 "-o FILE" train c.h5
refuses "a corpus that is not there" 4 "none.h5" train none.h5 -o x.h5
refuses "a run for a corpus" 3 "one.h5" train one.h5 -o x.h5
refuses "an output folder that is not there" 4 "does not exist" train c.h5 -o none/x.h5
refuses "an output that exists" 4 "overwrite" train c.h5 -o one.h5
refuses "too little memory" 5 "memory" train c.h5 -o x.h5 --memory 1M
refuses "instructions that are not there" 2 "one of" train c.h5 -o x.h5 --isa mmx
refused "fewer words than memory on 2 ranks" 5 "memory" "$MPIRUN" 2 "$WORDSHARD" train c.h5 -o x.h5 --memory 1M
refuses "a sum without CBOW" 2 "--cbow sum has no meaning with --model skipgram" train c.h5 -o x.h5 --cbow sum
refuses "negatives of hierarchical softmax" 2 "no meaning with --objective hs" train c.h5 -o x.h5 --objective hs --negative 3
refuses "own negatives of hierarchical softmax" 2 "no meaning with --objective hs" train c.h5 -o x.h5 --objective hs --negatives per-pair
refuses "a pool that is not there" 2 "--pool 32 has no meaning with --negatives per-pair" train c.h5 -o x.h5 --negatives per-pair --pool 32
echo "negative: 3" >config.yaml
refuses "the same from a configuration file" 2 "no meaning with --objective hs" train c.h5 -o x.h5 --objective hs --config config.yaml
refuses "a learning rate that diverges" 6 "diverged in epoch" train c.h5 -o d.h5 --learning-rate 100 --dim 64 --epochs 2 -q
refused "the same on 3 ranks" 6 "learning-rate" "$MPIRUN" 3 "$WORDSHARD" train c.h5 -o d.h5 --learning-rate 100 --dim 64 --epochs 2 -q
claim "nothing under the final name" sh -c '! ls x.h5* d.h5 2>/dev/null'
claims_end
