#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every command and schedule on 4 hosts of 2 ranks each, joined by TCP at 1 Gbit/s, beside one host:
# what promises the same bits gives them, hogwild learns the same, and what cannot be is refused.
# A planted corpus; the first 10 MB of Wikipedia as well when they are there (TEXT names another text).
# Usage: ./dev hosts
set -u
source "$SOURCE/tests/support/claims.sh"
hosts=$SOURCE/tests/support/hosts.sh
text=${TEXT:-$SOURCE/../shared/data/corpora/enwiki-10m.txt.zst}

"$hosts" 2 true
[ $? -ne 77 ] || exit 77

names() { # the distinct hosts of 8 ranks, with how many ranks each has
    "$hosts" 8 hostname | sort | uniq -c | awk '{ printf "%s%s:%s", sep, $2, $1; sep = " " }'
}
claim "4 hosts have names of their own, and 2 ranks each" test "$(names)" = "host1:2 host2:2 host3:2 host4:2"

spread() { # ARGUMENTS...: the program on 8 ranks of 4 hosts
    "$hosts" 8 "$WORDSHARD" "$@"
}
hash() { # RUN: of its vectors and its contexts, where it has them
    local table
    for table in vectors context; do
        "$WORDSHARD" export "$1" -o hash.npy --overwrite -q --table "$table" 2>/dev/null &&
            printf '%s %s\n' "$table" "$(sha256sum <hash.npy)"
    done
}

# same NAME "RANKS..." ARGS...: training on 4 hosts and on that many ranks of one host give the same tables.
same() {
    local name=$1 numbers=$2 ranks
    shift 2
    claim "$name on 4 hosts" spread train c.h5 -o spread.h5 --overwrite --threads 1 -q "$@"
    hash spread.h5 >spread.hash
    claim "$name leaves vectors" grep -q '^vectors' spread.hash
    for ranks in $numbers; do
        claim "$name on $ranks ranks of one host" on "$ranks" train c.h5 -o one.h5 --overwrite --threads 1 -q "$@"
        hash one.h5 >one.hash
        claim "$name: the same SHA-256 on 4 hosts and on $ranks ranks of one" cmp one.hash spread.hash
    done
}

all_schedules() { # ARGS...: on c.h5
    same "skip-gram in rounds" "1 2 4" --deterministic --replicas 4 "$@"
    same "CBOW in rounds" "1 2 4" --deterministic --replicas 4 --model cbow "$@"
    same "hierarchical softmax in rounds" "1" --deterministic --replicas 4 --objective hs "$@"
    same "skip-gram by strata" "1" --schedule strata "$@"
    same "GloVe" "1" --model glove "$@"
}

small=(--dim 24 --epochs 2)
"$WORDSHARD" synth -o t.txt --tokens 200000 --vocab 1000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
content() { "$WORDSHARD" info "$1" | grep -i 'hash'; }
claim "prepare on 4 hosts" spread prepare t.txt -o spread.h5 -q
claim "prepare gives the same content" test "$(content spread.h5)" = "$(content c.h5)"
claim "cooccur on one rank" "$WORDSHARD" cooccur c.h5 -o x.h5 -q
claim "cooccur on 4 hosts" spread cooccur c.h5 -o x4.h5 -q
claim "cooccur gives the same content" test "$(content x4.h5)" = "$(content x.h5)"
all_schedules "${small[@]}"
same "PPMI-SVD" "1" --model ppmi-svd --dim 24

learning=(--dim 48 --epochs 4 --sample 1e-3 --threads 1 --json -q)
claim "hogwild on one rank" "$WORDSHARD" train c.h5 -o one.h5 --overwrite "${learning[@]}"
cp claim.log one.json
claim "hogwild on 4 hosts" spread train c.h5 -o spread.h5 --overwrite "${learning[@]}"
cp claim.log spread.json
claim "hogwild has a replica on each host" test "$(number replicas spread.json)" = 4
claim "hogwild comes to the loss of one rank within 2 %" awk -v a="$(number loss one.json)" -v b="$(number loss spread.json)" \
    'BEGIN { d = a - b; exit !(b > 0 && d < 0.02 * b && -d < 0.02 * b) }'
claim "evaluation on 4 hosts" spread eval spread.h5 --analogies t.analogies.txt --json -q
cp claim.log eval.json
claim "hogwild on 4 hosts recovers the planted analogies" awk -v right="$(number accuracy eval.json)" 'BEGIN { exit !(right > 0.9) }'

refused "one deterministic replica on 4 hosts" 2 "as many replicas as nodes.*or run on one node" \
    "$hosts" 8 "$WORDSHARD" train c.h5 -o no.h5 --deterministic
refused "fewer hogwild replicas than hosts" 2 "there are 4 nodes" \
    "$hosts" 8 "$WORDSHARD" train c.h5 -o no.h5 --replicas 2
refused "a corpus that is not there" 4 "none.h5" "$hosts" 8 "$WORDSHARD" train none.h5 -o no.h5

if [ -r "$text" ]; then
    claim "Wikipedia is prepared on 4 hosts" spread prepare "$text" -o c.h5 --overwrite -q
    all_schedules --dim 100 --epochs 1
else
    skip "Wikipedia: $text is not there"
fi
claims_end
