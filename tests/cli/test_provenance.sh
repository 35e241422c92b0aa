#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a file says of how it was made, and that the command line it gives makes it again.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o "a text.txt" --tokens 60000 --vocab 800 -q >/dev/null || exit 1
mkdir bin
ln -s "$WORDSHARD" bin/wordshard
PATH=$PWD/bin:$PATH

# tables FILE DATASET...: their bytes, without the file's name.
tables() {
    local file=$1 d
    shift
    for d in "$@"; do
        h5dump -d "$d" "$file" | tail -n +2
    done
}
# made_again FILE "DATASETS" ARGS...: the file's command makes the same bits.
made_again() {
    local file=$1 line
    read -ra datasets <<<"$2"
    shift 2
    rm -f "$file"
    wordshard "$@" -o "$file" -q >/dev/null || return 1
    line=$(wordshard info "$file" --command) || return 1
    echo "$line"
    mv "$file" first.h5
    eval "$line -q" >/dev/null || return 1
    cmp <(tables first.h5 "${datasets[@]}") <(tables "$file" "${datasets[@]}") &&
        [ -n "$(tables "$file" "${datasets[@]}")" ]
}
run="/vectors /context"
claim "a corpus" made_again "c o.h5" "/tokens /documents /vocab/counts" prepare "a text.txt" --min-count 3 --lowercase --document file
mv "c o.h5" c.h5
claim "its documents drawn again" made_again b.h5 "/tokens /documents /vocab/counts" prepare c.h5 --bootstrap 3
claim "dealt to periods" made_again b.h5 "/tokens /documents /vocab/counts" prepare c.h5 c.h5 --control shuffle --period 2 --seed 5
claim "training on a sample" made_again b.h5 /vectors train c.h5 --dim 12 --epochs 1 --deterministic --bootstrap 3
claim "counts" made_again x.h5 "/columns /weights" cooccur c.h5 --window 4 --weighting flat
claim "rounds" made_again r.h5 "$run" train c.h5 --dim 12 --epochs 2 --deterministic --replicas 2 --seed 9 --window 3
claim "rounds without the promise's name" made_again r.h5 "$run" train c.h5 --dim 12 --epochs 1 --schedule rounds --model cbow
claim "strata" made_again r.h5 "$run" train c.h5 --dim 12 --epochs 1 --schedule strata --seed-sample 4
claim "GloVe" made_again r.h5 "$run /bias" train x.h5 --dim 12 --epochs 2 --model glove --x-max 20 --accumulators element
claim "PPMI" made_again r.h5 /vectors train x.h5 --dim 12 --model ppmi-svd --smoothing 0.5
claim "one thread that races with none" made_again r.h5 "$run" train c.h5 --dim 12 --epochs 1 --threads 1 --objective hs
claim "full softmax" made_again r.h5 "$run" train c.h5 --dim 12 --epochs 1 --threads 1 --objective softmax --batch 64

says() {
    local key
    wordshard info r.h5 --json >info.json || return 1
    for key in version commit compiler build mpi hdf5 cpu system hosts ranks threads_per_rank command command_line \
        inputs corpus corpus_hash isa_used seed_init_used seed_sample_used seed_order_used started ended peak_memory; do
        grep -q "\"$key\": " info.json || { echo "no $key" && return 1; }
    done
    grep -q '"command_line": "wordshard train c.h5 .*--batch 64' info.json && grep -q '"why": "complete"' info.json
}
claim "who, where, when and how" says
claim "without folders of this machine" sh -c '! grep -q "$PWD" info.json'
wordshard export r.h5 -o v.txt --format word2vec-text -q >/dev/null
wordshard import v.txt -o imported.h5 -q >/dev/null
refuses "a file that does not say" 3 "does not say what it was made from" info imported.h5 --command
claims_end
