#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# study as a user runs it: runs that differ in what they should and nothing else, shared by groups of ranks
# or by jobs, stopped and gone on with, with one that fails; what they say; and every kind of wrong study.yaml.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

"$WORDSHARD" synth -o t.txt --tokens 60000 --vocab 500 --periods 2 -q >/dev/null || exit 1
mv t.1.txt one.txt && mv t.2.txt two.txt
attribute() { h5dump -a "/provenance/$2" "$1" | sed -n 's/.*(0): //p'; }
study() { on "$1" study "$2" -o "$3" -q "${@:4}"; }

# ---- what varies

cat >s.yaml <<'END'
corpora: {small: one.txt}
prepare: {min-count: 2}
options: {dim: 8, threads: 1}
models:
  skipgram: {model: skipgram, epochs: 2}
  svd: {model: ppmi-svd}
noise:
  seed: 3
  init: 3
  sampling: [1, 7]
  order: 2
  bootstrap: 2
  ranks: {counts: [1, 2], seeds: 2}
stability: {rsa-words: 0, top: 200}
report: {map-words: 0}
END
claim "the list" "$WORDSHARD" study s.yaml -o s --list
n=$(grep -c missing claim.log)
claim "what is the same is one run: 21, not $n" test "$n" -eq 21
claim "listing makes nothing" test ! -e s
claim "a study on 2 ranks" study 2 s.yaml s
cp claim.log table
runs=s/runs/small-skipgram
claim "all is complete" test "$("$WORDSHARD" study s.yaml -o s --list | grep -c complete)" -eq 21
seeds() { echo "$(attribute "$1" seed_init_used) $(attribute "$1" seed_sample_used) $(attribute "$1" seed_order_used)"; }
while read -r run expected; do
    claim "$run has seeds $expected, not $(seeds "$runs-$run.h5")" test "$(seeds "$runs-$run.h5")" = "$expected"
done <<'END'
base 1 1 1
seed3 3 3 3
init2 2 1 1
sampling7 1 7 1
order2 1 1 2
bootstrap2 1 1 1
seed2-ranks2 2 2 2
END
claim "on two ranks, where it should" test "$(attribute "$runs-ranks2.h5" ranks) $(attribute "$runs-seed2.h5" ranks)" = "2 1"
claim "another sample, where it should" test "$(attribute "$runs-bootstrap2.h5" options/bootstrap)" = '"2"'
claim "and the samples of documents are gone" sh -c '! ls s/runs/*.bootstrap.h5'
"$WORDSHARD" train s/corpora/small.h5 -o init2.h5 --dim 8 --threads 1 --epochs 2 --seed-init 2 -q >/dev/null
claim "a run is what train makes" same_run init2.h5 "$runs-init2.h5"
claim "its log is beside it" grep -q "epoch 2/2" "$runs-init2.log"
for source in seed init sampling order bootstrap "ranks 1" "ranks 2"; do
    claim "the table has $source" grep -q "^small  *skipgram  *$source  *[2-4] " table
done
claim "sources without a meaning are left out" sh -c '! grep "svd  *\(sampling\|order\)" table'
claim "the table as CSV" test "$(grep -c '^small,' s/results/study/sources.csv)" -eq 12
claim "runs of one seed on two numbers of ranks agree more than those of two seeds" awk -F , '$2 == "skipgram" && /same seed/ { same = $6 }
    $2 == "skipgram" && /of another seed/ { other = $6 } END { print same, other; exit !(same > other && other > 0) }' s/results/study/ranks.csv
claim "and as a result" "$WORDSHARD" info s/results/study.h5 --verify
claim "and a page" grep -q "Sources of noise" s/report.html

# ---- again

find s -name '*.h5' -printf '%p %s %T@\n' | grep -v study.h5 | sort >before
claim "again" study 1 s.yaml s --json
claim "nothing is made twice" diff before <(find s -name '*.h5' -printf '%p %s %T@\n' | grep -v study.h5 | sort)
rm "$runs-sampling7.h5"
claim "what is missing is made" study 1 s.yaml s
claim "and compared anew" test s/results/small-skipgram-sampling.h5 -nt s/results/small-skipgram-seed.h5
sed 's/dim: 8/dim: 9/' s.yaml >other.yaml
refuses "other options" 2 "was made otherwise: --dim was 8, now 9" study other.yaml -o s -q
sed 's/min-count: 2/min-count: 3/' s.yaml >other.yaml
refuses "another vocabulary" 2 "--min-count was 2, now 3" study other.yaml -o s -q
sed 's/one.txt/two.txt/' s.yaml >other.yaml
refuses "another text" 2 "one.txt, now two.txt" study other.yaml -o s -q

# ---- jobs

cat >t.yaml <<'END'
corpora: {small: one.txt}
options: {dim: 8, epochs: 3, deterministic: true, threads: 1, checkpoint-every: 0.05s}
models: {skipgram: {model: skipgram, dim: 64}, cbow: {model: cbow}}
grid: {window: [2, 5]}
noise: {seed: 2}
stability: {rsa-words: 0, top: 200}
report: {map-words: 0}
END
refuses "training before the corpora are there" 2 "small.h5 is missing; .* --stage prepare" study t.yaml -o t --stage train -q
claim "the corpora" study 2 t.yaml t --stage prepare
claim "the first of three jobs" study 2 t.yaml t --stage train --task 1 --tasks 3
claim "does its share" test "$("$WORDSHARD" study t.yaml -o t --list | grep -c complete)" -eq 3
refuses "comparing before all are there" 2 "5 of 8 runs are missing" study t.yaml -o t --stage analysis -q
study 1 t.yaml t --stage train --task 2 --tasks 3 &
study 1 t.yaml t --stage train --task 3 --tasks 3 && wait $!
claim "two at once do the others" test "$("$WORDSHARD" study t.yaml -o t --list | grep -c complete)" -eq 8
claim "the grid is in the names" test -e t/runs/small-cbow-window5-seed2.h5 -a -e t/runs/small-skipgram-window2-base.h5
claim "the last job compares" study 2 t.yaml t --stage analysis
claim "nothing of the queues is left" sh -c '! ls -d t/queue*'

# ---- stopped and gone on with

sleeping() { grep -q checkpoint u/runs/*.log; }
"$MPIRUN" 2 "$WORDSHARD" study t.yaml -o u --stage prepare -q
sed 's/epochs: 3/epochs: 25/' t.yaml >u.yaml
"$MPIRUN" 2 "$WORDSHARD" study u.yaml -o u >/dev/null 2>u.err &
job=$!
claim "it trains" wait_for 60 sleeping
mapfile -t pids < <(rank_pids "-o u")
kill -s USR1 "${pids[1]}"
wait $job
code=$?
claim "stopped with 85, not $code" test "$code" -eq 85
claim "it says how far it came" grep -q "error: stopped by .* of 8 runs are complete, the same command goes on" u.err
claim "some are interrupted" sh -c '"$WORDSHARD" study u.yaml -o u --list | grep interrupted'
claim "a queue is not left" sh -c '! ls -d u/queue*'
claim "a limit of time" sh -c '"$WORDSHARD" study u.yaml -o u -q --max-time 0.3s; test $? -eq 85'
mkdir u/queue.killed && touch u/queue.killed/0
claim "it goes on, also where a session was killed" study 3 u.yaml u
"$WORDSHARD" train u/corpora/small.h5 -o straight.h5 --dim 64 --epochs 25 --deterministic --threads 1 --window 5 --seed 2 -q >/dev/null
claim "a run that was interrupted has the bits of one that was not" same_run straight.h5 u/runs/small-skipgram-window5-seed2.h5
claim "and one went on" grep -q "going on from" u/runs/*.log

# ---- one fails

cat >f.yaml <<'END'
corpora: {small: one.txt}
options: {dim: 8, epochs: 2, threads: 1}
models:
  good: {model: skipgram}
  bad: {model: glove, learning-rate: 100, x-max: 1e-9}
noise: {seed: 2}
END
"$MPIRUN" 2 "$WORDSHARD" study f.yaml -o f >/dev/null 2>f.err
claim "its code is that of the failure, not $?" test $? -ne 0
claim "which is told" grep -q "warning: run . of 4: small-bad-seed2 failed (6): training diverged" f.err
claim "and counted" grep -q "error: 2 of 4 runs failed; the first: training diverged" f.err
claim "the others are complete" test -e f/runs/small-good-base.h5 -a -e f/runs/small-good-seed2.h5

# ---- periods

cat >p.yaml <<'END'
periods: {old: one.txt, new: two.txt}
options: {dim: 8}
models: {svd: {model: ppmi-svd}}
noise: {bootstrap: 3}
controls: 1
stability: {rsa-words: 0, top: 200}
report: {map-words: 0}
END
claim "periods with a control" study 2 p.yaml p
for file in corpora/shuffled1-old.h5 runs/shuffled1-new-svd-bootstrap2.h5 runs/old-svd-bootstrap3.h5 results/new-svd-bootstrap.h5; do
    claim "$file is made" test -e "p/$file"
done
claim "drift sees all runs of a period against the control" grep -q "^old to new  *0  *1  *[0-9]*  *6 " p/results/svd-drift.log
claim "and its control" grep -q "controls 1," p/results/svd-drift.log
sed 's/controls: 1/&\ncontrols-of: all/' p.yaml >all.yaml
claim "two periods are the periods of their step" test "$("$WORDSHARD" study all.yaml -o p --list | grep -c complete)" -eq 12

# ---- controls of steps

listed() { "$WORDSHARD" study "$1" -o "$2" --list | awk '/bootstrap2/ { print $1 }' | sed 's/-svd-.*//' | sort | xargs; }
documents() { "$WORDSHARD" info "$1" --json | sed -n 's/.*"documents": \([0-9]*\).*/\1/p'; }
paste -d '\n' one.txt two.txt | awk 'NR % 3 == 1' >three.txt
sed 's/old: one.txt/&, mid: three.txt/; s/bootstrap: 3/bootstrap: 2/' p.yaml >q.yaml
parts="shuffled1-mid+new-mid shuffled1-mid+new-new shuffled1-old+mid-mid shuffled1-old+mid-old"
claim "each step has its two parts, and there is nothing else" test "$(listed q.yaml q)" = "mid new old $parts"
claim "three periods with a control of each step" study 2 q.yaml q
claim "a part for each run of a period, none twice" test "$(find q/runs -name '*.h5' | wc -l)" -eq 14
claim "a part is as large as its period" test "$(documents q/corpora/shuffled1-old+mid-old.h5) $(documents q/corpora/shuffled1-old+mid-mid.h5)" = \
    "$(documents q/corpora/old.h5) $(documents q/corpora/mid.h5)"
claim "and of the two periods alone" test "$(attribute q/corpora/shuffled1-mid+new-new.h5 source_hash_2)" = \
    "$(h5dump -a content_hash q/corpora/new.h5 | sed -n 's/.*(0): //p')"
for step in "old to mid  *0  *1" "mid to new  *1  *2"; do
    claim "$step: all runs against a control" grep -q "^$step  *[0-9]*  *4  *1 " q/results/svd-drift.log
done
find q -name '*.h5' -printf '%p %s %T@\n' | grep -v study.h5 | sort >before
claim "again" study 1 q.yaml q
claim "nothing is trained or compared twice" diff before <(find q -name '*.h5' -printf '%p %s %T@\n' | grep -v study.h5 | sort)
sed 's/controls: 1/&\ndrift: {to: new}/' q.yaml >to.yaml
claim "steps to a reference" test "$(listed to.yaml q)" = "mid new old shuffled1-mid+new-mid shuffled1-mid+new-new shuffled1-old+new-new shuffled1-old+new-old"
sed 's/controls: 1/&\ncontrols-of: all/' q.yaml >all.yaml
claim "controls of all periods" test "$(listed all.yaml q)" = "mid new old shuffled1-mid shuffled1-new shuffled1-old"

# ---- wrong files: the place is told, and nothing is done

wrong() {
    cat >wrong.yaml
    refuses "$1" 2 "wrong.yaml:$2" study wrong.yaml -o wrong -q
}
models='models: {a: {model: cbow}}'
wrong "an unknown option" '3: unknown option dims' <<<$'corpora: {small: one.txt}\nmodels:\n  a: {dims: 3}'
wrong "a wrong value" '2: --dim 0: must be between' <<<$'corpora: {small: one.txt}\nmodels: {a: {dim: 0}}'
wrong "a value that is none" '3: --model word2vec: must be one of' <<<$'corpora: {small: one.txt}\n\nmodels: {a: {model: word2vec}}'
wrong "an option of the study" '2: seed-init is set by the study itself' <<<$'corpora: {small: one.txt}\nmodels: {a: {seed-init: 3}}'
wrong "an option of prepare" '2: min-count belongs under prepare' <<<$'corpora: {small: one.txt}\nmodels: {a: {min-count: 3}}'
wrong "an unknown part" '3: a study has corpora' <<<"corpora: {small: one.txt}"$'\n'"$models"$'\nruns: 3'
wrong "an unknown source" '3: a source of noise is one of' <<<"corpora: {small: one.txt}"$'\n'"$models"$'\nnoise: {luck: 3}'
wrong "no number of runs" '3: a whole number from 1' <<<"corpora: {small: one.txt}"$'\n'"$models"$'\nnoise: {init: many}'
wrong "one number of ranks" '3: two numbers of ranks' <<<"corpora: {small: one.txt}"$'\n'"$models"$'\nnoise: {ranks: {counts: [2]}}'
wrong "a seed twice" '3: the number is here already' <<<"corpora: {small: one.txt}"$'\n'"$models"$'\nnoise: {init: [2, 2]}'
wrong "a name that is no file name" '1: a name has letters' <<<$'corpora: {"a/b": one.txt}\n'"$models"
wrong "a name that is too long" ' a run would be called small-a*\.\.\., which is too long' <<<"corpora: {small: one.txt}"$'\nmodels: {'"$(printf '%0250d' 0 | tr 0 a)"': {dim: 3}}'
wrong "two runs of one name" ' two different runs would be called a-b-c-base' <<<$'corpora: {a: one.txt, a-b: two.txt}\nmodels: {b-c: {dim: 3}, c: {dim: 3}}'
wrong "one period" '1: at least two periods' <<<$'periods: {a: one.txt}\n'"$models"
wrong "controls without periods" ' controls are for periods' <<<"corpora: {small: one.txt}"$'\n'"$models"$'\ncontrols: 2'
wrong "controls of something" '4: steps or all' <<<$'periods: {a: one.txt, b: two.txt}\n'"$models"$'\ncontrols: 2\ncontrols-of: pairs'
wrong "no controls to be of anything" '3: controls-of has no meaning without controls' <<<$'periods: {a: one.txt, b: two.txt}\n'"$models"$'\ncontrols-of: all'
wrong "drift to no period" ' drift: --to c: there is no period' <<<$'periods: {a: one.txt, b: two.txt}\n'"$models"$'\ndrift: {to: c}'
wrong "no models" ' models are missing' <<<$'corpora: {small: one.txt}'
wrong "nothing" ' corpora (or periods) are missing' </dev/null
wrong "no YAML" '2: not YAML' <<<'{'
refuses "no file" 4 "cannot open the study none.yaml" study none.yaml -o wrong
refuses "no folder" 2 "-o FOLDER is missing" study s.yaml
refuses "shares of everything" 2 "give --stage train to all tasks" study s.yaml -o wrong --tasks 2
refuses "a task too many" 2 "there are 2 tasks" study s.yaml -o wrong --stage train --task 3 --tasks 2
cat >few.yaml <<<$'corpora: {small: one.txt}\nranks-per-run: 2\n'"$models"
"$WORDSHARD" study few.yaml -o few --stage prepare -q
refuses "too few ranks" 2 "small-a-base needs 2 ranks, 1 are here" study few.yaml -o few -q
cat >clash.yaml <<<$'corpora: {small: one.txt}\nmodels: {good: {model: cbow}, clash: {model: ppmi-svd, epochs: 2}}'
"$WORDSHARD" study clash.yaml -o clash --stage prepare -q
refuses_on 2 "options that exclude each other" 2 "small-clash-base: --epochs 2 has no meaning" study clash.yaml -o clash
claims_end
