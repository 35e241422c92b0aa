#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Full softmax as a user runs it: it learns, ranks and threads change nothing, and what it refuses.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 60000 --vocab 500 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
settings=(--objective softmax --dim 24 --epochs 4 --sample 1e-3 --learning-rate 0.05 --batch 512)

within() { # A B PART: |A - B| <= PART * |B|
    awk -v a="$1" -v b="$2" -v part="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; if (b < 0) b = -b; exit !(d <= part * b) }'
}
train() { # NAME RANKS ARGS...
    local name=$1 ranks=$2
    shift 2
    "$MPIRUN" "$ranks" "$WORDSHARD" train c.h5 -o "$name.h5" --json "${settings[@]}" "$@" >"$name.json" 2>"$name.log"
}
vectors() { # RUN: its vectors as text
    "$WORDSHARD" export "$1.h5" -o "$1.txt" --format word2vec-text --overwrite -q
}
same_vectors() { # RUN RUN: equal to 1e-3 of the largest component
    vectors "$1" && vectors "$2" && paste -d ' ' "$1.txt" "$2.txt" | awk '
        NR > 1 { n = NF / 2; for (i = 2; i <= n; i++) { d = $i - $(i + n); if (d < 0) d = -d; if (d > worst) worst = d
            x = $i < 0 ? -$i : $i; if (x > top) top = x } }
        END { print worst, top; exit !(NR > 100 && worst <= 1e-3 * top) }'
}

claim "one rank trains" train one 1 --threads 1 --metrics m.jsonl
claim "the loss falls in every epoch" sh -c \
    'sed -n "s/.*\"event\":\"epoch\".*\"loss\":\([0-9.]*\).*/\1/p" m.jsonl | awk "NR > 1 && \$1 >= last { exit 1 } { last = \$1 } END { exit NR != 4 }"'
"$WORDSHARD" eval one.h5 --analogies t.analogies.txt --json >one.eval.json
claim "planted analogies are recovered" within "$(number accuracy one.eval.json)" 1 0.2
claim "the speed of its products is told" grep -q "GFLOP/s" one.log
claim "the same seed gives the same bits on one rank" train again 1 --threads 1
vectors one && vectors again
claim "which are compared" cmp one.txt again.txt
for ranks in 2 3 4; do
    claim "$ranks ranks train" train "ranks$ranks" "$ranks" --threads 1
    claim "$ranks ranks: the same loss" within "$(number loss "ranks$ranks.json")" "$(number loss one.json)" 1e-5
    claim "$ranks ranks: the same vectors" same_vectors one "ranks$ranks"
done
claim "2 threads train" train threads 1 --threads 2
claim "2 threads: the same vectors" same_vectors one threads
claim "portable kernels train" train portable 1 --threads 1 --isa portable
claim "portable kernels: the same vectors" same_vectors one portable
claim "minibatches in random order" train shuffled 1 --threads 1 --order shuffle
claim "give about the same loss" within "$(number loss shuffled.json)" "$(number loss one.json)" 0.02
claim "other sizes of a minibatch" train small 1 --threads 1 --batch 33
claim "give about the same loss too" within "$(number loss small.json)" "$(number loss one.json)" 0.05
claim "more ranks than words in a block, one column" sh -c \
    '"$MPIRUN" 4 "$WORDSHARD" train c.h5 -o thin.h5 --objective softmax --dim 1 --epochs 1 -q'
claim "context vectors are there" sh -c '"$WORDSHARD" nn ranks3.h5 "$(sed -n 2p one.txt | cut -d " " -f 1)" --table context'
claim "info verifies" "$WORDSHARD" info ranks3.h5 --verify

refuses "options of negative sampling" 2 "--negative 6 has no meaning with --objective softmax" \
    train c.h5 -o x.h5 --objective softmax --negative 6
refuses "replicas" 2 "--replicas" train c.h5 -o x.h5 --objective softmax --replicas 2
refuses "minibatches of negative sampling" 2 "--batch 64 has no meaning" train c.h5 -o x.h5 --batch 64
refused "on ranks alike" 2 "--pool" "$MPIRUN" 2 "$WORDSHARD" train c.h5 -o x.h5 --objective softmax --pool 32
refuses "too little memory" 5 "memory" train c.h5 -o x.h5 --objective softmax --memory 1M
refuses "a learning rate that diverges" 6 "diverged in epoch" train c.h5 -o x.h5 --objective softmax --learning-rate 100 --epochs 1 -q
seq 200001 | sed p >many.txt
"$WORDSHARD" prepare many.txt -o many.h5 --min-count 1 -q >/dev/null || exit 1
refuses "a vocabulary that is too large" 2 "at most 200000" train many.h5 -o x.h5 --objective softmax
claim "nothing under the final name" sh -c '! ls x.h5* 2>/dev/null'
claims_end
