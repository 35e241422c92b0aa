#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An array over seeds: one task stops and is requeued alone, and the analysis waits for all of them.
set -u
source "$SOURCE/tests/slurm/support.sh"
text 200000 || exit 1
cp "$SOURCE/jobs/submit-seeds.sh" .

claim "prepare.sbatch is filled in" template prepare.sbatch TEXT='(text.txt)'
claim "seeds.sbatch is filled in" template seeds.sbatch OPTIONS='(--dim 64 --epochs 40 --threads 1 --checkpoint-every 1s)'
claim "analysis.sbatch is filled in" template analysis.sbatch \
    QUESTIONS='(--analogies text.analogies.txt --similarity text.similarity.tsv)' \
    WORDS="($(head -n 2 text.categories.tsv | cut -f 1 | tr '\n' ' '))"
claim "submit-seeds.sh submits" ./submit-seeds.sh 1-4
read -r _ _ _ seeds _ analysis <<<"$(tr -d , <claim.log)"

claim "a seed trains" becomes "${seeds}_2" RUNNING 60
claim "and has begun" appears 60 'seeds/seed-2.ckpt/state-?.h5'
scancel -s USR1 "${seeds}_2"
claim "it stops and waits to go on" becomes "${seeds}_2" PENDING 30
claim "alone" test "$(of_job "$seeds" Restarts | sort -n | tr '\n' ' ')" = "0 0 0 1 "
claim "the analysis waits" test "$(of_job "$analysis" Reason)" = Dependency
claim "all seeds complete" becomes "$seeds" COMPLETED 120
claim "the analysis completes" becomes "$analysis" COMPLETED 60
right() { number accuracy "seeds/seed-$1.eval.json"; }
for seed in 1 2 3 4; do
    claim "seed $seed is a run of its own" sh -c \
        '"$WORDSHARD" info "seeds/seed-$0.h5" | grep -q "^seed  *$0$"' "$seed"
    claim "seed $seed is evaluated" awk -v right="$(right "$seed")" 'BEGIN { exit !(right > 0.3) }'
    claim "seed $seed has neighbours" grep -q cosine "seeds/seed-$seed.nn.json"
done

# Without a text there is no corpus, so no seeds, so no analysis: none stays in the queue.
mkdir fail && cd fail || exit 1
cp ../*.sbatch ../*.sh .
claim "they are submitted" ./submit-seeds.sh 1-2
read -r _ prepare _ seeds _ analysis <<<"$(tr -d , <claim.log)"
claim "prepare fails without its text" becomes "$prepare" FAILED 60
claim "the seeds are taken out of the queue" becomes "$seeds" CANCELLED 60
claim "the analysis as well" becomes "$analysis" CANCELLED 60
claims_end
