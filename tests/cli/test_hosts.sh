#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two hosts of two ranks: a replica on each, the bits of one host, and a refusal that ends everywhere.
# ./dev hosts has the rest.
set -u
source "$SOURCE/tests/support/claims.sh"
hosts=$SOURCE/tests/support/hosts.sh
export HOSTS=2

"$hosts" 2 true
[ $? -ne 77 ] || exit 77

"$WORDSHARD" synth -o t.txt --tokens 60000 --vocab 500 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
vectors() { "$WORDSHARD" export "$1" -o "$1.npy" --overwrite -q && cat "$1.npy"; }

claim "hogwild has a replica on each host" sh -c \
    '"$1" 4 "$WORDSHARD" train c.h5 -o no.h5 --dry-run | grep -q "^replicas  *2$"' sh "$hosts"
rounds=(--deterministic --replicas 2 --threads 1 --dim 16 --epochs 1 -q)
claim "rounds on two hosts" "$hosts" 4 "$WORDSHARD" train c.h5 -o two.h5 "${rounds[@]}"
claim "rounds on one" "$WORDSHARD" train c.h5 -o one.h5 "${rounds[@]}"
vectors one.h5 >one.bytes
vectors two.h5 >two.bytes
claim "give the same bits" cmp one.bytes two.bytes
refused "one deterministic replica on two hosts" 2 "as many replicas as nodes.*or run on one node" \
    "$hosts" 4 "$WORDSHARD" train c.h5 -o no.h5 --deterministic
claims_end
