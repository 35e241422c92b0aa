#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Where rows of replicas live (--replicate) and how they travel (--messages): the same bits wherever
# they are, tables larger than the memory of a rank, messages as large as was foretold.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 60000 --vocab 2000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1

train() { # NAME RANKS ARGS...
    local name=$1 ranks=$2
    shift 2
    "$MPIRUN" "$ranks" "$WORDSHARD" train c.h5 -o "$name.h5" --overwrite --json --dim 24 --epochs 2 --threads 1 --merge-every 2000 -q "$@" >"$name.json"
}

# same NAME "TABLES" "WAYS" ARGS...: every way (RANKS:ROWS) gives the bits of one rank that holds all.
same() {
    local name=$1 tables=$2 ways=$3 way
    shift 3
    claim "$name: every replica holds every row" train one 1 --replicate all "$@"
    # shellcheck disable=SC2086 # several tables
    bits one $tables >one.bits
    for way in $ways; do
        claim "$name: $way (ranks:rows everywhere)" train way "${way%:*}" --replicate "${way#*:}" "$@"
        # shellcheck disable=SC2086
        bits way $tables >way.bits
        claim "$name: the same bits with $way" cmp one.bits way.bits
    done
}
same "skip-gram" "vectors context" "1:100 2:0 3:37 4:auto 5:500" --deterministic --replicas 3 --round 100
same "CBOW" "vectors context" "2:0 4:200" --deterministic --model cbow --replicas 4 --round 100
same "hierarchical softmax" "vectors" "3:10" --deterministic --objective hs --replicas 2 --round 100
same "hogwild, a thread a replica" "vectors context" "1:0 3:250" --replicas 3
same "hogwild in shuffled order" "vectors context" "2:0" --replicas 2 --order shuffle
same "rounded messages" "vectors context" "2:all 2:100" --deterministic --replicas 2 --messages bfloat16 --round 100

train exact 2 --deterministic --replicas 2 --round 100 --replicate 100
claim "rounded messages are smaller" awk -v a="$(number bytes_sent exact.json)" -v b="$(number bytes_sent way.json)" 'BEGIN { exit !(b < 0.8 * a) }'
bits exact vectors >exact.bits
bits way vectors >way.bits
claim "and give other bits" sh -c '! cmp -s exact.bits way.bits'

foretold() { # NAME ARGS...: bytes a token, before and after
    local name=$1
    shift
    "$MPIRUN" 4 "$WORDSHARD" train c.h5 -o x.h5 --dry-run --json --dim 24 --epochs 2 --threads 1 --merge-every 2000 "$@" >dry.json
    train sent 4 "$@"
    claim "messages of $name are as large as was foretold" awk -v sent="$(number bytes_sent sent.json)" \
        -v tokens="$(number tokens sent.json)" -v told="$(number bytes_per_token dry.json)" \
        'BEGIN { part = sent / tokens / told; print "sent / foretold =", part > "/dev/stderr"; exit !(part > 0.9 && part < 1.1) }'
}
foretold "rows everywhere" --replicas 4 --replicate all
foretold "rows cut" --replicas 4 --replicate 100

# Two tables of 8000 x 300 are 19 MB; replicas also keep what they merged last.
"$WORDSHARD" synth -o large.txt --tokens 100000 --vocab 12000 -q >/dev/null || exit 1
"$WORDSHARD" prepare large.txt -o large.h5 --min-count 1 -q >/dev/null || exit 1
large() { # RANKS ARGS...
    local ranks=$1
    shift
    "$MPIRUN" "$ranks" "$WORDSHARD" train large.h5 -o large-run.h5 --overwrite --dim 300 --epochs 1 --threads 1 --json -q "$@"
}
limit=60M
refuses_on 2 "tables that no rank can hold" 5 "use more nodes" train large.h5 -o x.h5 --dim 300 --epochs 1 --threads 1 --replicas 2 --replicate all --memory $limit
claim "cut over four ranks they train" large 4 --replicas 4 --replicate 0 --merge-every 1000 --memory $limit
claim "and automatically" large 4 --replicas 4 --merge-every 1000 --memory $limit
claim "spans have room for their negatives when few tokens are kept" \
    large 1 --replicas 2 --replicate 500 --window 1 --negative 20 --sample 1e-5

refuses "rows of one replica" 2 "--replicate 10 has no meaning with one replica" train c.h5 -o x.h5 --replicate 10
refuses "messages of one replica" 2 "--messages bfloat16 has no meaning with one replica" train c.h5 -o x.h5 --messages bfloat16
refuses "rows that are no number" 2 "--replicate some: must be auto, all" train c.h5 -o x.h5 --replicas 2 --replicate some
refuses "rows that cannot be known before" 2 "use --negatives shared" train c.h5 -o x.h5 --replicas 2 --replicate 10 --negatives per-pair
refuses "rows of strata" 2 "--replicate 10 has no meaning" train c.h5 -o x.h5 --schedule strata --replicate 10
refuses "rows of GloVe" 2 "--replicate 10 has no meaning" train c.h5 -o x.h5 --model glove --replicate 10
claims_end
