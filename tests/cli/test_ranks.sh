#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# More ranks than documents, words, groups and replicas, and a prime number of them: every command works,
# with the same result as one rank where it promises that, or says what is wrong once.
set -u
source "$SOURCE/tests/support/claims.sh"
export ranks=5

printf 'a b c d a b c a b\nb c d a\n' >t.txt # 13 tokens, 4 words, 2 documents
printf 'a b c d\n' >analogies.txt
printf 'a\tb\t1\nb\tc\t2\nc\td\t0\n' >similarity.tsv
"$WORDSHARD" prepare t.txt -o c.h5 --min-count 1 -q >/dev/null || exit 1
"$WORDSHARD" cooccur c.h5 -o x.h5 -q >/dev/null || exit 1

hash() { "$WORDSHARD" info "$1" | grep content_hash; }
claim "prepare" on "$ranks" prepare t.txt -o many.h5 --min-count 1 -q
claim "gives the corpus of one rank" test "$(hash many.h5)" = "$(hash c.h5)"
claim "cooccur" on "$ranks" cooccur c.h5 -o many-x.h5 -q
claim "gives the counts of one rank" test "$(hash many-x.h5)" = "$(hash x.h5)"

small=(--dim 4 --threads 1 -q --overwrite)
vectors() { "$WORDSHARD" export "$1" -o vectors.npy --overwrite -q && cat vectors.npy; }
same() { # NAME ARGS...: trains on all ranks and on one, to the same bits
    local name=$1
    shift
    claim "$name" on "$ranks" train c.h5 -o many-run.h5 "${small[@]}" "$@"
    claim "$name on one rank" on 1 train c.h5 -o run.h5 "${small[@]}" "$@"
    vectors many-run.h5 >many.bits
    vectors run.h5 >one.bits
    claim "$name: the same bits" cmp many.bits one.bits
}
same "rounds" --deterministic --epochs 1
same "rounds with replicas of few tokens" --deterministic --replicas 3 --epochs 1
same "strata of two words each" --schedule strata --groups 2 --epochs 1
same "GloVe" --model glove --epochs 1
same "PPMI-SVD" --model ppmi-svd --dim 2

for how in "--model skipgram" "--model cbow --replicas 7" "--objective hs --replicas 2" "--objective softmax"; do
    # shellcheck disable=SC2086 # several options
    claim "hogwild $how" on "$ranks" train c.h5 -o run.h5 "${small[@]}" --epochs 1 $how
done
claim "eval" on "$ranks" eval run.h5 --analogies analogies.txt --similarity similarity.tsv -q
claim "export" on "$ranks" export run.h5 -o vectors.bin -q
claim "import" on "$ranks" import vectors.bin -o import.h5 -q
claim "nn" on "$ranks" nn import.h5 a -k 2 -q
refuses_on "$ranks" "groups of a word" 2 "use fewer --groups" train c.h5 -o no.h5 --schedule strata --groups 3
claims_end
