#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cooccur as a user runs it: the counts are those of the definition, and the same for any number of ranks and
# threads, with and without a limit of memory; what it refuses leaves nothing behind.
set -u
source "$SOURCE/tests/support/claims.sh"

# number KEY FILE: of a JSON object
number() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" "$2" | head -1; }

# ---- against the definition

awk 'BEGIN {
  srand(3)
  for (i = 0; i < 4000; i++) printf "w%d%s", int(exp(rand() * 5)), rand() < .04 ? "\n" : rand() < .01 ? "\n\n" : " "
}' >text

# naive WINDOW WEIGHTING: "word1 word2 value" of both triangles, ids by (count descending, bytes ascending)
naive() {
  tr -s ' \n' '\n' <text | grep . | sort | uniq -c | sort -k1,1nr -k2,2 | awk '{ print $2 }' >words
  awk -v window="$1" -v weighting="$2" 'NR == FNR { id[$1] = NR; next }
    { for (p = 1; p <= NF; p++) for (q = p + 1; q <= NF && q <= p + window; q++) {
        x = weighting == "flat" ? 1 : 1 / (q - p)
        sum[id[$p] " " id[$q]] += x; sum[id[$q] " " id[$p]] += x } }
    END { for (pair in sum) printf "%s %.9g\n", pair, sum[pair] }' words text | sort
}
# records FILE: what export wrote, in the same form
records() {
  od -An -v -w16 -t d4 "$1" | awk '{ print $1, $2 }' >pairs
  od -An -v -w8 -t f8 "$1" | awk 'NR % 2 == 0 { printf "%.9g\n", $1 }' | paste -d ' ' pairs - | sort
}
# same EXPECTED FOUND: the same pairs, values to 1e-7
same() {
  paste -d ' ' "$1" "$2" | awk '{ d = $3 - $6; if (d < 0) d = -d
    if ($1 != $4 || $2 != $5 || d > 1e-7 * $3) { print "differs:", $0; exit 1 } }'
}
# defined RANKS THREADS WINDOW WEIGHTING ARGS...
defined() {
  local ranks=$1 threads=$2 window=$3 weighting=$4
  shift 4
  on "$ranks" cooccur small.h5 -o x.h5 --overwrite -q --threads "$threads" --window "$window" --weighting "$weighting" "$@" &&
    "$WORDSHARD" export x.h5 -o x.bin --overwrite -q && "$WORDSHARD" info x.h5 --verify -q &&
    naive "$window" "$weighting" >expected && records x.bin >found && same expected found &&
    test "$(wc -l <found)" -gt 1000
}
"$WORDSHARD" prepare text -o small.h5 --min-count 1 -q >/dev/null || exit 1
claim "counts are those of the definition" defined 1 1 10 inverse
claim "flat ones too" defined 2 2 10 flat
claim "in the narrowest window" defined 3 1 1 inverse
claim "in a window that is wider than documents" defined 1 2 20 inverse
claim "with 64-bit weights" defined 2 1 23 inverse
claim "which the file then has" sh -c '"$WORDSHARD" info x.h5 | grep -q "/weights *uint64"'
claim "on more ranks than documents need" defined 4 2 5 flat
claim "the widest window is counted" "$WORDSHARD" cooccur small.h5 -o x.h5 --overwrite --window 1000 -q

# ---- the same for any ranks, threads and memory

"$WORDSHARD" synth -o t.txt --tokens 700000 --vocab 12000 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1
count() { # RANKS THREADS ARGS...
  local ranks=$1 threads=$2
  shift 2
  on "$ranks" cooccur c.h5 -o cooc.h5 --overwrite --threads "$threads" --json "$@" >result
}
counted() { # HASH SPILLS RANKS THREADS ARGS...
  local hash=$1 spills=$2
  shift 2
  count "$@" && test "$(number content_hash result)" = "$hash" &&
    { if [ "$spills" = yes ]; then test "$(number spilled_bytes result)" -gt 0; else test "$(number spilled_bytes result)" -eq 0; fi; }
}
claim "a corpus is counted" count 1 1
hash=$(number content_hash result)
claim "what was counted is in the file" sh -c \
  '"$WORDSHARD" info cooc.h5 --json --verify >info && grep -q "\"content_hash\": \"'"$hash"'\"" info &&
   grep -q "\"window\": \"10\"" info && grep -q "\"nonzeros\": '"$(number nonzeros result)"'," info'
claim "info shows non-zeros and density" sh -c '"$WORDSHARD" info cooc.h5 | grep -Eq "^nonzeros +[1-9]" && "$WORDSHARD" info cooc.h5 | grep -Eq "^density +0\.[0-9]"'
mkdir scratch
for ranks in 1 2 3 4; do
  for threads in 1 2; do
    claim "$ranks ranks of $threads threads count the same" counted "$hash" no "$ranks" "$threads"
    claim "$ranks ranks of $threads threads spill and count the same" counted "$hash" yes "$ranks" "$threads" \
      --memory "$((5 + threads * 4))M" --scratch scratch
  done
done
claim "a window of more than a vector spills as well" count 1 1 --memory 9M --window 25
claim "in several chunks" test "$(number chunks result)" -gt 4
wide=$(number content_hash result)
claim "and is the same in memory" counted "$wide" no 3 2 --window 25
claim "leaves no scratch files" test -z "$(ls scratch)"
claim "counts that fit stay in memory" counted "$hash" no 2 1 --memory 100M
claim "text is prepared on the fly" sh -c '"$WORDSHARD" cooccur t.txt -o fly.h5 --json -q >fly && grep -q "\"content_hash\": \"'"$hash"'\"" fly && test -e fly.h5.corpus.h5'

printf 'one one one\n' >one.txt
claim "one word is a matrix of one cell" sh -c '"$WORDSHARD" cooccur one.txt -o one.h5 --min-count 1 --window 2 --json >one && grep -q "\"nonzeros\": 1," one'
claim "which is exact" sh -c '"$WORDSHARD" export one.h5 -o one.bin -q && od -An -t f8 -j 8 one.bin | grep -Eq "^ +5$"'
printf 'a\nb\nc\n' >apart.txt
claim "words that never meet give an empty matrix" sh -c 'on() { "$MPIRUN" "$@"; }; on 2 "$WORDSHARD" cooccur apart.txt -o apart.h5 --min-count 1 --json >apart && grep -q "\"nonzeros\": 0," apart && "$WORDSHARD" info apart.h5 --verify -q && "$WORDSHARD" export apart.h5 -o apart.bin -q && test ! -s apart.bin'

# ---- what is refused

refuses "a window of 0" 2 "window 0: must be between 1 and 1000" cooccur c.h5 -o y.h5 --window 0
refuses "a window that is too wide" 2 "between 1 and 1000" cooccur c.h5 -o y.h5 --window 1001
refuses "a folder for nothing" 2 "scratch scratch has no meaning" cooccur c.h5 -o y.h5 --scratch scratch
refuses "an output that exists" 4 "cooc.h5 exists" cooccur c.h5 -o cooc.h5
refuses "nothing to count" 2 "is missing" cooccur -o y.h5
refuses "two corpora" 2 "only one" cooccur c.h5 small.h5 -o y.h5
refuses "counts of counts" 3 "corpus file is needed" cooccur cooc.h5 -o y.h5
refuses_on 2 "too little memory" 5 "memory 4.00 MiB is too little.*the least is" cooccur c.h5 -o y.h5 --memory 4M
refuses_on 3 "a scratch folder that is not there" 4 "nowhere" cooccur c.h5 -o y.h5 --memory 9M --scratch nowhere
if small_disk disk 1m; then
  for ranks in 1 2; do
    refuses_on "$ranks" "a full scratch disk" 5 "disk" cooccur c.h5 -o y.h5 --memory 9M --scratch disk
    refuses_on "$ranks" "a full disk" 5 "disk/y.h5" cooccur c.h5 -o disk/y.h5
  done
else
  skip "a full disk: it needs the right to mount"
fi
cp c.h5 damaged.h5
tokens=$(stat -c %s c.h5)
dd if=/dev/urandom of=damaged.h5 bs=1 seek=$((tokens - tokens / 4)) count=64 conv=notrunc status=none
refuses_on 2 "a damaged corpus" 3 "damaged.h5.*damaged" cooccur damaged.h5 -o y.h5
size=$(stat -c %s cooc.h5)
for part in 3 2; do
  cp cooc.h5 damaged.h5
  flip damaged.h5 $((size / part))
  refused "a damaged file of counts" 3 'damaged.h5.*damaged' "$WORDSHARD" info damaged.h5 --verify
  refuses_on 2 "which is not exported" 3 'damaged.h5.*damaged' export damaged.h5 -o y.bin
done
head -c $((size / 2)) cooc.h5 >damaged.h5
refuses "a file that is cut off" 3 "damaged.h5" info damaged.h5
refuses "vectors of counts" 2 "only --format is glove-cooccurrence" export cooc.h5 -o y.txt --format word2vec-text
refuses "another table of counts" 2 "table context has no meaning" export cooc.h5 -o y.bin --table context
refuses "records of a corpus" 2 "is for a cooc.h5" export c.h5 -o y.bin --format glove-cooccurrence
refuses "counts for skipgram" 2 "weighting flat has no meaning" train c.h5 -o y.h5 --weighting flat
claim "nothing under the final name" sh -c '! ls y.* 2>/dev/null'
claims_end
