#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# GloVe as a user runs it: it learns, ranks and threads change no bit, the tables are cut over ranks,
# and what it refuses.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 200000 --vocab 1000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
"$WORDSHARD" cooccur c.h5 -o x.h5 -q >/dev/null || exit 1

train() { # NAME RANKS ARGS...
    local name=$1 ranks=$2
    shift 2
    on "$ranks" train c.h5 -o "$name.h5" --model glove --dim 24 --json "$@" >"$name.json" 2>"$name.log"
}
tables() { # RUN: all its numbers as text
    local table
    for table in /vectors /context /bias /context_bias /training/loss /training/update_norm; do
        h5dump -d "$table" -y -w 0 -m %.9g "$1.h5" | grep -v '^HDF5'
    done
}
same() { # RUN RUN: equal to the bit
    tables "$1" >1.tables && tables "$2" >2.tables && test -s 1.tables && cmp 1.tables 2.tables
}

claim "one rank trains" train one 1 --threads 1 --metrics m.jsonl
claim "the loss falls in every epoch" sh -c \
    'sed -n "s/.*\"event\":\"epoch\".*\"loss\":\([0-9.]*\).*/\1/p" m.jsonl | awk "NR > 1 && \$1 >= last { exit 1 } { last = \$1 } END { exit NR != 15 }"'
"$WORDSHARD" eval one.h5 --analogies t.analogies.txt --table sum --json >one.eval.json
claim "planted analogies are recovered" awk -v right="$(number accuracy one.eval.json)" 'BEGIN { exit !(right > 0.8) }'
claim "all tables are there" sh -c 'for t in vectors context bias context_bias; do "$WORDSHARD" info one.h5 | grep -q "^/$t " || exit 1; done'
claim "info verifies" "$WORDSHARD" info one.h5 --verify
claim "--metrics counts non-zeros" grep -q '"pairs":' m.jsonl

for accumulators in row element; do
    how=(--accumulators "$accumulators" --epochs 3)
    claim "$accumulators: trains" train "base-$accumulators" 1 --threads 1 "${how[@]}"
    claim "$accumulators: 3 threads train" train other 1 --threads 3 "${how[@]}" --overwrite
    claim "$accumulators: 3 threads give the same bits" same "base-$accumulators" other
    for ranks in 2 3 4; do
        claim "$accumulators: $ranks ranks train" train other "$ranks" --threads $((ranks % 2 + 1)) "${how[@]}" --overwrite
        claim "$accumulators: $ranks ranks give the same bits" same "base-$accumulators" other
    done
done
claim "another seed" train other 1 --epochs 3 --seed 2 --overwrite
claim "gives other bits" sh -c '! cmp base-row.h5 other.h5'
claim "fewer groups than ranks" train few 4 --epochs 2 --groups 2 --threads 1
claim "one group" train lone 3 --epochs 2 --groups 1 --threads 1
claim "on one rank as well" train lone1 1 --epochs 2 --groups 1 --threads 2
claim "gives the same bits" same lone lone1
claim "more groups than words" train many 2 --epochs 1 --groups 2000 --threads 2
claim "counts from a file" "$WORDSHARD" train x.h5 -o file.h5 --model glove --dim 24 --epochs 3 --threads 2 -q
claim "give the same bits" same base-row file
claim "text in one command" "$WORDSHARD" train t.txt -o text.h5 --model glove --dim 24 --epochs 3 -q
claim "gives the same bits" same base-row text
claim "only the last snapshot" train last 1 --epochs 3 --snapshots last
claim "has the same vectors" sh -c 'for r in base-row last; do "$WORDSHARD" export $r.h5 -o $r.npy -q || exit 1; done; cmp base-row.npy last.npy'
claim "a dry run tells the non-zeros" sh -c '"$WORDSHARD" train c.h5 -o no.h5 --model glove --dry-run | grep -q "^non-zeros  *[1-9]" && ! test -e no.h5'

claim "one random order for all" train loose 1 --epochs 5 --order shuffle --threads 1
claim "five epochs in tiles" train tiled 1 --epochs 5
claim "come to about the same loss" awk -v a="$(number loss loose.json)" -v b="$(number loss tiled.json)" \
    'BEGIN { d = a / b; exit !(d > 0.9 && d < 1.1) }'
refuses_on 2 "one random order" 2 "one rank" train c.h5 -o no.h5 --model glove --order shuffle

claim "portable kernels" train portable 1 --epochs 3 --isa portable
claim "come to nearly the same loss" awk -v a="$(number loss portable.json)" -v b="$(number loss base-row.json)" \
    'BEGIN { d = a - b; exit !(d < 1e-4 * b && d > -1e-4 * b) }'

# A table of which every rank has its part: 4 ranks need less than one; the limit is between what two of
# them need and what four do.
needs() { # RANKS: bytes of each, the program included
    "$WORDSHARD" plan train x.h5 --model glove --dim 4000 --epochs 1 --threads 1 --ranks "$1" --words-per-second 1e6 --json -q >plan.json
    number memory_per_rank plan.json
}
limit=(--dim 4000 --epochs 1 --threads 1 --memory "$((($(needs 2) + $(needs 4)) / 2))")
refuses "a table larger than --memory" 5 "this run needs .* for each rank, --memory gives" \
    train x.h5 -o big.h5 --model glove "${limit[@]}" -q
claim "trains on four ranks" sh -c '"$MPIRUN" 4 "$WORDSHARD" train x.h5 -o big.h5 --model glove -q "$@"' sh "${limit[@]}"

refuses "a learning rate that diverges" 6 "diverged in epoch 1.*lower --learning-rate (now 5)" \
    train c.h5 -o no.h5 --model glove --learning-rate 5 -q
refuses_on 2 "a learning rate that diverges" 6 "diverged in epoch 1" \
    train c.h5 -o no.h5 --model glove --learning-rate 5 -q
refuses "options of negative sampling" 2 "--negative 6 has no meaning with --model glove" \
    train c.h5 -o no.h5 --model glove --negative 6
refuses "options of GloVe elsewhere" 2 "--x-max 5 has no meaning" train c.h5 -o no.h5 --x-max 5
refuses "a window for counts that are there" 2 "--window" train x.h5 -o no.h5 --model glove --window 3
refuses "no groups" 2 "--groups 0" train c.h5 -o no.h5 --model glove --groups 0
refuses "window 0" 2 "--window 0" train c.h5 -o no.h5 --model glove --window 0
refuses "counts for skip-gram" 3 "x.h5" train x.h5 -o no.h5
printf 'a\n\nb\n\nc\n' >lonely.txt
"$WORDSHARD" prepare lonely.txt -o lonely.h5 --min-count 1 -q >/dev/null || exit 1
refuses "words that never meet" 3 "no two words occur together" train lonely.h5 -o no.h5 --model glove
cp x.h5 damaged.h5
flip damaged.h5 $(($(stat -c %s x.h5) / 2))
refuses "damaged counts" 3 "damaged.h5" train damaged.h5 -o no.h5 --model glove
claims_end
