#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rounds schedule: the same bits on any ranks and threads, learns what hogwild learns, and what it
# refuses.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 400000 --vocab 1000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
"$WORDSHARD" synth -o small.txt --tokens 60000 --vocab 500 -q >/dev/null || exit 1
"$WORDSHARD" prepare small.txt -o small.h5 -q >/dev/null || exit 1

train() { # NAME RANKS ARGS...
    local name=$1 ranks=$2
    shift 2
    "$MPIRUN" "$ranks" "$WORDSHARD" train small.h5 -o "$name.h5" --overwrite --json --dim 24 --epochs 2 -q "$@" >"$name.json"
}

# same NAME "TABLES" "WAYS" ARGS...: every way (RANKSxTHREADS) to cut the work gives the same bits.
same() {
    local name=$1 tables=$2 ways=$3 way
    shift 3
    claim "$name: 1 rank, 1 thread" train one 1 --threads 1 "$@"
    # shellcheck disable=SC2086 # several tables
    bits one $tables >one.bits
    for way in $ways; do
        claim "$name: ranks x threads $way" train way "${way%x*}" --threads "${way#*x}" "$@"
        # shellcheck disable=SC2086
        bits way $tables >way.bits
        claim "$name: the same bits with ranks x threads $way" cmp one.bits way.bits
    done
}
same "skip-gram" "vectors context" "1x2 2x1 2x2 3x1 4x1 8x2" --deterministic
claim "the run tells its schedule" sh -c '"$WORDSHARD" info one.h5 | grep -q "schedule  *rounds"'
same "CBOW" "vectors context" "1x2 3x2" --deterministic --model cbow
same "hierarchical softmax" "vectors" "2x2 3x1" --schedule rounds --objective hs
same "3 replicas" "vectors context" "1x2 2x1 4x1" --deterministic --replicas 3 --workers 3 --round 100

claim "other workers train" train other 1 --threads 1 --deterministic --workers 5
bits other vectors context >other.bits
claim "and give other bits" sh -c '! cmp -s one.bits other.bits'

learns() { # NAME ARGS...: the planted analogies are recovered, as by hogwild
    local name=$1
    shift
    claim "$name trains" "$MPIRUN" 2 "$WORDSHARD" train c.h5 -o "$name.h5" --threads 1 --dim 48 --epochs 4 --sample 1e-3 -q "$@"
    "$WORDSHARD" eval "$name.h5" --analogies t.analogies.txt --json -q >"$name.json"
    claim "$name: the planted analogies are recovered" awk -v right="$(number accuracy "$name.json")" 'BEGIN { exit !(right > 0.9) }'
}
learns skipgram --deterministic
learns cbow --deterministic --model cbow --epochs 8
learns hs --deterministic --objective hs
learns replicas --deterministic --replicas 2
learns portable --deterministic --isa portable

claim "GloVe is deterministic anyway" "$WORDSHARD" train small.h5 -o g.h5 --model glove --dim 8 --epochs 1 --deterministic -q
claim "a dry run tells the size of a round" sh -c '"$WORDSHARD" train c.h5 -o x.h5 --deterministic --dry-run | grep -q "^round  *1000 tokens"'
refuses "hogwild that is deterministic" 2 "no meaning with --schedule hogwild" train c.h5 -o x.h5 --schedule hogwild --deterministic
refuses "workers of hogwild" 2 "--workers 4 has no meaning with --schedule hogwild" train c.h5 -o x.h5 --workers 4
refuses "rounds of hogwild" 2 "--round 500 has no meaning" train c.h5 -o x.h5 --round 500
refuses "rounds of GloVe" 2 "no meaning with --model glove" train c.h5 -o x.h5 --model glove --round 500
refuses "workers of PPMI-SVD" 2 "no meaning with --model ppmi-svd" train c.h5 -o x.h5 --model ppmi-svd --workers 4
refuses "deterministic full softmax" 2 "no meaning with --objective softmax" train c.h5 -o x.h5 --objective softmax --deterministic
refuses "chunks in rounds" 2 "--chunk 512 has no meaning with --schedule rounds" train c.h5 -o x.h5 --schedule rounds --chunk 512
refuses "an order in rounds" 2 "--order shuffle has no meaning" train c.h5 -o x.h5 --deterministic --order shuffle
refuses "own negatives in rounds" 2 "use --negatives shared" train c.h5 -o x.h5 --deterministic --negatives per-pair
refuses "more workers than bits" 2 "workers" train c.h5 -o x.h5 --deterministic --workers 65
refuses_on 2 "own negatives in rounds" 2 "use --negatives shared" train c.h5 -o x.h5 --deterministic --negatives per-pair
refuses "too little memory for rounds" 5 "memory" train c.h5 -o x.h5 --deterministic --memory 1M
claim "nothing under the final name" sh -c '! ls x.h5* 2>/dev/null'
claims_end
