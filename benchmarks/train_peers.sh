#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Skip-gram, CBOW and hierarchical softmax against other programs on the same core: words/s before sub-sampling, whole runs interleaved.
# d = 300, window 5, 5 negatives, sample 1e-4, one thread, one epoch over the first 6 MB of the text.
# Peers are measured when the variable that names their program is set: WORD2VEC, PWORD2VEC, PSGNSCC
# (command lines as word2vec.c has them); gensim when PYTHON (default /usr/bin/python3) has it. Their own
# figure for training alone is taken: words trained over the seconds between two runs, of one and of
# four epochs, so that reading the text and making tables do not count.
# Usage: ./dev bench train_peers [ROUNDS]
set -euo pipefail
source "$SOURCE/benchmarks/common.sh"
text=$(corpus enwiki-100m.txt.zst)
rounds=${1:-5} python=${PYTHON:-/usr/bin/python3}
case $text in *.zst) zstd -dcq "$text" ;; *) cat "$text" ;; esac 2>/dev/null | head -c 6000000 >"$work/text" || true
"$WORDSHARD" prepare "$work/text" -o "$work/corpus.h5" --quiet --json >"$work/prepare.json"
tokens=$(json tokens_kept "$work/prepare.json")

now() { date +%s.%N; }
row() { # NAME WORDS_PER_SECOND
    echo "$1 $2" >>"$work/table"
    printf '{"benchmark": "train_peers", "program": "%s", "round": %d, "words_per_second": %.0f}\n' "$1" "$round" "$2"
}
ours() { # NAME ARGS...
    local name=$1
    shift
    "$WORDSHARD" train "$work/corpus.h5" -o "$work/run.h5" --overwrite --threads 1 --dim 300 --epochs 4 \
        --snapshots last --quiet --json "$@" >"$work/train.json"
    row "$name" "$(json words_per_second "$work/train.json")"
}
seconds() { # PROGRAM EPOCHS ARGS...: of a run of a program with word2vec.c's command line
    local begin program=$1 epochs=$2
    shift 2
    begin=$(now)
    # in the work folder: pWord2Vec and pSGNScc leave files where they run
    (cd "$work" && OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX} "$program" -train "$work/text" -output "$work/peer.bin" -size 300 \
        -window 5 -sample 1e-4 -threads 1 -binary 1 -alpha 0.025 -min-count 5 -iter "$epochs" "$@" >/dev/null 2>&1)
    awk -v a="$begin" -v b="$(now)" 'BEGIN { print b - a }'
}
peer() { # NAME PROGRAM ARGS...
    local one four name=$1 program=$2
    shift 2
    one=$(seconds "$program" 1 "$@")
    four=$(seconds "$program" 4 "$@")
    row "$name" "$(awk -v n="$tokens" -v a="$one" -v b="$four" 'BEGIN { print 3 * n / (b - a) }')"
}
gensim() { # NAME SG
    row "$1" "$("$python" - "$work/text" "$2" <<'P'
import sys, time, warnings
warnings.filterwarnings("ignore")
from gensim.models.word2vec import LineSentence, Word2Vec
lines = [w[i:i + 10000] for w in LineSentence(sys.argv[1]) for i in range(0, len(w), 10000)]
m = Word2Vec(vector_size=300, window=5, negative=5, sample=1e-4, min_count=5, sg=int(sys.argv[2]), workers=1, alpha=0.025)
m.build_vocab(lines)
begin = time.time()
m.train(lines, total_examples=len(lines), epochs=1)
print(m.corpus_total_words / (time.time() - begin))
P
    )"
}
skipgram=(-cbow 0 -negative 5 -hs 0) cbow=(-cbow 1 -negative 5 -hs 0) hs=(-cbow 0 -negative 0 -hs 1)
for round in $(seq "$rounds"); do
    ours wordshard
    [ -z "${WORD2VEC:-}" ] || peer word2vec.c "$WORD2VEC" "${skipgram[@]}"
    [ -z "${PWORD2VEC:-}" ] || peer pWord2Vec "$PWORD2VEC" "${skipgram[@]}"
    [ -z "${PSGNSCC:-}" ] || peer pSGNScc "$PSGNSCC" "${skipgram[@]}"
    if "$python" -c 'import gensim' 2>/dev/null; then gensim gensim 1; fi
    ours wordshard-cbow --model cbow
    [ -z "${WORD2VEC:-}" ] || peer word2vec.c-cbow "$WORD2VEC" "${cbow[@]}"
    if "$python" -c 'import gensim' 2>/dev/null; then gensim gensim-cbow 0; fi
    ours wordshard-hs --objective hs
    [ -z "${WORD2VEC:-}" ] || peer word2vec.c-hs "$WORD2VEC" "${hs[@]}"
done
echo "medians: program words/s ratio (wordshard's / program's, the same model)"
medians "$work/table" | awk '$1 ~ /^wordshard/ { ours = $2 } { printf "%s %.0f %.1f\n", $1, $2, ours / $2 }'
