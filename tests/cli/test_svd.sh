#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# PPMI-SVD as a user runs it: it finds what was planted, ranks and threads change no bit, other models
# start from it, and what it refuses.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 100000 --vocab 700 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
"$WORDSHARD" cooccur c.h5 -o x.h5 -q >/dev/null || exit 1
settings=(--model ppmi-svd --dim 50 --weights 1e-3)

train() { # NAME RANKS INPUT ARGS...
    local name=$1 ranks=$2 input=$3
    shift 3
    on "$ranks" train "$input" -o "$name.h5" --json -q "$@" >"$name.json"
}
table() { # RUN: the bits of its vectors
    "$WORDSHARD" export "$1.h5" -o "$1.bin" --format word2vec-bin --overwrite -q
}
same() { # RUN RUN
    table "$1" && table "$2" && cmp "$1.bin" "$2.bin"
}
right() { # RUN LEAST: of the planted analogies
    "$WORDSHARD" eval "$1.h5" --analogies t.analogies.txt --json -q >eval.json
    awk -v a="$(number accuracy eval.json)" -v least="$2" 'BEGIN { print a; exit !(a >= least) }'
}
better() { # MORE LESS
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > b) }'
}

claim "from a corpus" train one 1 c.h5 "${settings[@]}" --threads 1
claim "planted analogies are recovered" right one 0.9
claim "from counts, the same bits" train counts 1 x.h5 "${settings[@]}" --threads 1
claim "which are compared" same one counts
claim "from text" train text 1 t.txt "${settings[@]}" --threads 1
claim "text: the same bits" same one text
for ranks in 2 3 4; do
    claim "$ranks ranks" train "ranks$ranks" "$ranks" x.h5 "${settings[@]}" --threads 1
    claim "$ranks ranks: the same bits" same one "ranks$ranks"
done
claim "2 ranks of 2 threads" train threads 2 c.h5 "${settings[@]}" --threads 2
claim "2 threads: the same bits" same one threads
claim "portable kernels" train portable 1 x.h5 "${settings[@]}" --isa portable
claim "portable: as right" right portable 0.9
claim "another seed" train other 1 x.h5 "${settings[@]}" --seed 2
claim "another seed: as right" right other 0.9
claim "another seed: other bits" sh -c '"$WORDSHARD" export other.h5 -o other.bin --format word2vec-bin -q && ! cmp -s one.bin other.bin'
claim "eigenvalues are in the file" sh -c '"$WORDSHARD" info one.h5 --json | grep -q "/eigenvalues\": \"float64 \[50\]\""'
claim "info verifies" "$WORDSHARD" info ranks3.h5 --verify
claim "JSON tells the cells" better "$(number ppmi_cells one.json)" 1000
claim "the power that is used is recorded" sh -c '"$WORDSHARD" info one.h5 --json | grep -q "eigenvalue_power_used\": 0.5"'
claim "more columns than eigenvalues" sh -c '"$WORDSHARD" train x.h5 -o wide.h5 --model ppmi-svd --dim 900 2>&1 | grep -q "eigenvalues other than 0"'
claim "a dry run says the memory and writes nothing" sh -c \
    '"$WORDSHARD" train x.h5 -o dry.h5 --model ppmi-svd --dry-run | grep -q "memory per rank" && test ! -e dry.h5'

# Few epochs: what they do not learn, the start has.
short=(--dim 50 --epochs 1 --window 5 --weights 1e-3 --init svd)
claim "skip-gram" train random 1 c.h5 --dim 50 --epochs 1 --threads 1
claim "skip-gram starts from it" train start 1 c.h5 "${short[@]}" --threads 1
right random 0 >/dev/null && random=$(number accuracy eval.json)
right start 0 >/dev/null && start=$(number accuracy eval.json)
claim "which helps" better "$start" "$random"
claim "on ranks and replicas" train replicas 4 c.h5 "${short[@]}" --replicas 2 --threads 1
claim "which is as right" right replicas 0.5
claim "cbow, blended" train cbow 2 c.h5 --model cbow "${short[@]}" --blend 0.5
claim "hierarchical softmax" train hs 1 c.h5 --objective hs "${short[@]}"
claim "full softmax" train softmax 2 c.h5 --objective softmax "${short[@]}"
glove=(--model glove --dim 50 --epochs 2 --weights 1e-3 --groups 8 --init svd --blend 0.3)
claim "glove starts from it, blended" train glove 1 x.h5 "${glove[@]}" --threads 1
claim "glove is right" right glove 0.9
claim "glove has final vectors of its own" sh -c '"$WORDSHARD" info glove.h5 --json | grep -q "\"/vectors\"" && ! "$WORDSHARD" info glove.h5 --json | grep -q "\"/context\""'
for ranks in 2 3; do
    claim "glove on $ranks ranks" train "glove$ranks" "$ranks" x.h5 "${glove[@]}" --threads 2
    claim "glove on $ranks ranks: the same bits" same glove "glove$ranks"
done

refuses "epochs" 2 "--epochs 3 has no meaning with --model ppmi-svd" train c.h5 -o y.h5 --model ppmi-svd --epochs 3
refuses "negative samples" 2 "--negative 3 has no meaning" train c.h5 -o y.h5 --model ppmi-svd --negative 3
refuses "a start for what has none" 2 "--init svd has no meaning" train c.h5 -o y.h5 --model ppmi-svd --init svd
refuses "options of a start that is random" 2 "--smoothing 0.5 has no meaning with --init random" train c.h5 -o y.h5 --smoothing 0.5
refuses "a blend with nothing" 2 "--blend 0.3 has no meaning with --init random" train x.h5 -o y.h5 --model glove --blend 0.3
refuses "a shift of 0" 2 "--shift" train x.h5 -o y.h5 --model ppmi-svd --shift 0
refuses "no cell left" 3 "no pair of words is more frequent" train x.h5 -o y.h5 --model ppmi-svd --shift 1e6 -q
refuses_on 3 "no cell left" 3 "no pair of words is more frequent" train x.h5 -o y.h5 --model ppmi-svd --shift 1e6 -q
refuses "too little memory" 5 "memory" train x.h5 -o y.h5 --model ppmi-svd --memory 2M -q
refuses_on 2 "too little memory" 5 "memory" train x.h5 -o y.h5 --model ppmi-svd --memory 2M -q
refuses "too little memory for a start" 5 "memory" train c.h5 -o y.h5 --init svd --memory 2M -q
printf 'a\na\na\nb\nb\n' >lone.txt
"$WORDSHARD" prepare lone.txt -o lone.h5 --min-count 1 -q >/dev/null || exit 1
refuses "words that never meet" 3 "" train lone.h5 -o y.h5 --model ppmi-svd -q
claim "nothing under the final name" sh -c '! ls y.h5* 2>/dev/null'
claims_end
