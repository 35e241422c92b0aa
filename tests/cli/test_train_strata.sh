#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Skip-gram by strata as a user runs it: it learns as hogwild does, from the same pairs, ranks and
# threads change no bit, the tables are cut over ranks, and what it refuses.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 200000 --vocab 1000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
settings=(--dim 24 --sample 1e-3 --learning-rate 0.05)

train() { # NAME RANKS ARGS...
    local name=$1 ranks=$2
    shift 2
    on "$ranks" train c.h5 -o "$name.h5" --schedule strata --json "${settings[@]}" "$@" >"$name.json" 2>"$name.log"
}
tables() { # RUN: all its numbers as text
    local table
    for table in /vectors /context /training/loss /training/pairs /training/update_norm; do
        h5dump -d "$table" -y -w 0 -m %.9g "$1.h5" | grep -v '^HDF5'
    done
}
same() { # RUN RUN: equal to the bit
    tables "$1" >1.tables && tables "$2" >2.tables && test -s 1.tables && cmp 1.tables 2.tables
}
pairs() { # RUN: of each epoch
    h5dump -d /training/pairs -y -w 0 -m %.17g "$1.h5" | grep -A1 'DATA {'
}
right() { # RUN: part of the analogies
    "$WORDSHARD" eval "$1.h5" --analogies t.analogies.txt --json >eval.json && number accuracy eval.json
}

claim "one rank trains" train one 1 --epochs 10 --threads 1 --groups 8 --metrics m.jsonl
claim "the loss falls until it stays" sh -c \
    'sed -n "s/.*\"event\":\"epoch\".*\"loss\":\([0-9.]*\).*/\1/p" m.jsonl | awk "NR > 1 && \$1 >= last * (NR > 5 ? 1.01 : 1) { exit 1 } { last = \$1 } END { exit NR != 10 }"'
claim "hogwild trains" "$WORDSHARD" train c.h5 -o hogwild.h5 --epochs 10 --threads 1 "${settings[@]}" -q
claim "both recover the planted analogies" awk -v a="$(right one)" -v b="$(right hogwild)" \
    'BEGIN { print a, b; exit !(a > 0.8 && a > b - 0.05) }'
claim "both train the same pairs" test "$(pairs one)" = "$(pairs hogwild)"
claim "info verifies" "$WORDSHARD" info one.h5 --verify

short=(--epochs 2 --episodes 3)
claim "short" train base 1 "${short[@]}" --threads 1
for threads in 1 2; do
    for ranks in 1 2 3 4; do
        claim "$ranks ranks of $threads threads train" train other "$ranks" --threads "$threads" "${short[@]}" --overwrite
        claim "$ranks ranks of $threads threads give the same bits" same base other
    done
done
claim "another seed" train other 1 "${short[@]}" --seed 2 --overwrite
claim "gives other vectors" sh -c '! cmp base.h5 other.h5'
claim "fewer groups than ranks" train few 4 --epochs 1 --groups 2 --threads 1
claim "on one rank as well" train few1 1 --epochs 1 --groups 2 --threads 2
claim "give the same bits" same few few1
claim "one group" train lone 3 --epochs 1 --groups 1 --threads 1
claim "on one rank as well" train lone1 1 --epochs 1 --groups 1 --threads 2
claim "gives the same bits" same lone lone1
claim "tokens so rare that contexts are far away" train far 1 --epochs 1 --sample 1e-9 --groups 4
claim "on three ranks as well" train far3 3 --epochs 1 --sample 1e-9 --groups 4
claim "give the same bits" same far far3
claim "many episodes" train tiny 2 --epochs 1 --episodes 1000 --dim 2 --groups 2
claim "from text in one command" "$WORDSHARD" train t.txt -o text.h5 --schedule strata "${settings[@]}" "${short[@]}" -q
claim "gives the same bits" same base text
claim "many negatives" train many 2 --epochs 1 --negative 20 --groups 8 --window 12
claim "from the vectors of PPMI-SVD" train svd 1 --epochs 1 --init svd --blend 0.5
claim "on two ranks as well" train svd2 2 --epochs 1 --init svd --blend 0.5
claim "give the same bits" same svd svd2
claim "a dry run tells the groups" sh -c '"$WORDSHARD" train c.h5 -o no.h5 --schedule strata --dry-run | grep -q "^groups  *8$" && ! test -e no.h5'
claim "and in JSON" sh -c '"$WORDSHARD" train c.h5 -o no.h5 --schedule strata --dry-run --json | grep -q "\"episodes\": 16"'
claim "portable kernels" train portable 1 "${short[@]}" --isa portable
claim "come to nearly the same loss" awk -v a="$(number loss portable.json)" -v b="$(number loss base.json)" \
    'BEGIN { d = a - b; exit !(d < 1e-4 * b && d > -1e-4 * b) }'

# A table of which every rank has its part: 4 ranks need less than one.
limit=(--dim 4000 --groups 16 --epochs 1 --threads 1 --memory 36M)
refuses "a table larger than --memory" 5 "this run needs .* for each rank, --memory gives 36" \
    train c.h5 -o no.h5 --schedule strata "${limit[@]}" -q
claim "trains on four ranks" sh -c '"$MPIRUN" 4 "$WORDSHARD" train c.h5 -o big.h5 --schedule strata -q "$@"' sh "${limit[@]}"

refuses "CBOW" 2 "--schedule strata trains --model skipgram" train c.h5 -o no.h5 --schedule strata --model cbow
refuses "hierarchical softmax" 2 "--schedule strata trains" train c.h5 -o no.h5 --schedule strata --objective hs
refuses "full softmax" 2 "--schedule strata trains" train c.h5 -o no.h5 --schedule strata --objective softmax
refuses "negatives of each pair" 2 "--schedule strata trains" train c.h5 -o no.h5 --schedule strata --negatives per-pair
refuses "replicas" 2 "--replicas 2 has no meaning with --schedule strata" train c.h5 -o no.h5 --schedule strata --replicas 2
refuses "chunks" 2 "--chunk 512 has no meaning with --schedule strata" train c.h5 -o no.h5 --schedule strata --chunk 512
refuses "options of GloVe" 2 "--x-max 5 has no meaning" train c.h5 -o no.h5 --schedule strata --x-max 5
refuses "groups without strata" 2 "--groups 8 has no meaning with this --schedule" train c.h5 -o no.h5 --groups 8
refuses "episodes without strata" 2 "--episodes 4 has no meaning with this --schedule" train c.h5 -o no.h5 --episodes 4
refuses "episodes of GloVe" 2 "--episodes 4 has no meaning with --model glove" train c.h5 -o no.h5 --model glove --episodes 4
refuses "groups of single words" 2 "use fewer --groups" train c.h5 -o no.h5 --schedule strata --groups 800
refuses_on 2 "groups of single words" 2 "use fewer --groups" train c.h5 -o no.h5 --schedule strata --groups 800
refuses "a learning rate that diverges" 6 "diverged in epoch" \
    train c.h5 -o no.h5 --schedule strata --learning-rate 100 --init-scale 1e6 -q
claim "nothing under the final name" sh -c '! ls no.h5* 2>/dev/null'
claims_end
