#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How accurate is each model, and what do the initial vectors matter? d = 300, window 5, 5 negatives, sample 1e-4, one thread;
# skip-gram 3 epochs at learning rate .025, CBOW 5 at .05, hierarchical softmax 5 at .025; one seed a round.
# Peers are trained at the same settings when there: word2vec.c when WORD2VEC names it (one run, it has no
# seed), gensim when PYTHON (default /usr/bin/python3) has it and GENSIM=1 (slow).
# Usage: ./dev bench train_accuracy [SEEDS]   (3 seeds of enwiki-100m without peers: about 12 minutes)
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
seeds=${1:-3} python=${PYTHON:-/usr/bin/python3}
case $text in *.zst) zstd -dcq "$text" ;; *) cat "$text" ;; esac >"$work/text"
"$WORDSHARD" prepare "$work/text" -o "$work/corpus.h5" --quiet >/dev/null

row() { # NAME RUN
    local measured
    measured=$(accuracy "$2")
    echo "$1 $measured" >>"$work/table"
    # shellcheck disable=SC2086 # one word for each number
    printf '{"benchmark": "train_accuracy", "way": "%s", "seed": %d, "analogies": %s, "ws353": %s, "simlex": %s}\n' "$1" "$seed" $measured
    rm "$2"
}
ours() { # NAME ARGS...
    local name=$1
    shift
    "$WORDSHARD" train "$work/corpus.h5" -o "$work/run.h5" --threads 1 --dim 300 --snapshots last --seed "$seed" --quiet "$@" >/dev/null
    row "$name" "$work/run.h5"
}
imported() { # NAME: the vectors that a peer has left
    "$WORDSHARD" import "$work/peer.bin" -o "$work/run.h5" --quiet >/dev/null
    row "$1" "$work/run.h5"
}
word2vec() { # NAME ARGS...
    local name=$1
    shift
    "$WORD2VEC" -train "$work/text" -output "$work/peer.bin" -size 300 -window 5 -sample 1e-4 -threads 1 -binary 1 \
        -min-count 5 "$@" >/dev/null 2>&1
    imported "$name"
}
gensim() { # NAME SG HS EPOCHS RATE
    "$python" - "$work/text" "$work/peer.bin" "$seed" "$@" <<'P'
import sys, warnings
warnings.filterwarnings("ignore")
from gensim.models.word2vec import LineSentence, Word2Vec
text, out, seed, _, sg, hs, epochs, rate = sys.argv[1:]
lines = [w[i:i + 10000] for w in LineSentence(text, max_sentence_length=10**9) for i in range(0, len(w), 10000)]
m = Word2Vec(lines, vector_size=300, window=5, negative=0 if int(hs) else 5, hs=int(hs), sample=1e-4, min_count=5,
             sg=int(sg), workers=1, alpha=float(rate), epochs=int(epochs), seed=int(seed))
m.wv.save_word2vec_format(out, binary=True)
P
    imported "$1"
}

skipgram=(--epochs 3) cbow=(--model cbow --epochs 5) hs=(--objective hs --epochs 5)
for seed in $(seq "$seeds"); do
    for scale in 0 1; do
        name=$([ "$scale" = 0 ] || echo ",init-scale=$scale")
        ours "skipgram$name" "${skipgram[@]}" --init-scale "$scale"
        ours "cbow$name" "${cbow[@]}" --init-scale "$scale"
        ours "hs$name" "${hs[@]}" --init-scale "$scale"
    done
    ours skipgram,per-pair "${skipgram[@]}" --negatives per-pair
    if [ -n "${WORD2VEC:-}" ] && [ "$seed" = 1 ]; then
        word2vec skipgram,word2vec.c -cbow 0 -negative 5 -hs 0 -iter 3 -alpha .025
        word2vec cbow,word2vec.c -cbow 1 -negative 5 -hs 0 -iter 5 -alpha .05
        word2vec hs,word2vec.c -cbow 0 -negative 0 -hs 1 -iter 5 -alpha .025
    fi
    if [ -n "${GENSIM:-}" ]; then
        gensim skipgram,gensim 1 0 3 .025
        gensim cbow,gensim 0 0 5 .05
        gensim hs,gensim 1 1 5 .025
    fi
done
echo "medians: way analogies ws353 simlex"
medians "$work/table"
