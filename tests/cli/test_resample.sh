#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Documents drawn again (--bootstrap) and dealt to periods (--control shuffle): one result for any ranks,
# every document as often as it should be, counts that fit the tokens, and training on it all.
set -u
source "$SOURCE/tests/support/claims.sh"
source "$SOURCE/tests/support/resume.sh"

# column FILE DATASET: its numbers, one a line
column() { h5dump -y -w 1 -d "$2" "$1" | sed -n '/DATA {/,/}/p' | grep -o '[0-9][0-9]*'; }
# names FILE: "word count" of each word in the order of ids
names() {
    h5dump -d /vocab/bytes -b LE -o names.bytes "$1" >/dev/null
    column "$1" /vocab/offsets >names.offsets
    column "$1" /vocab/counts >names.counts
    awk -v bytes="$(cat names.bytes)" 'NR == FNR { count[NR] = $1; next }
        FNR > 1 { print substr(bytes, last + 1, $1 - last), count[FNR - 1] } { last = $1 }' names.counts names.offsets
}
same_data() { h5diff --exclude-path /provenance "$1" "$2"; }
attribute() { h5dump -a "/$2" "$1" | sed -n 's/.*(0): //p'; }

# Document i of 3000 is the word of its number, and words of its own length: all can be told apart.
awk 'BEGIN { for (i = 1; i <= 3000; i++) { printf "w%d", i; for (k = i % 7; k; k--) printf " common%d", k; print "" } }' >text.txt
"$WORDSHARD" prepare text.txt -o c.h5 --min-count 1 -q >/dev/null || exit 1

# ---- drawn with replacement

claim "it is drawn" "$WORDSHARD" prepare c.h5 --bootstrap 7 -o b.h5 -q
for ranks in 2 3; do
    on "$ranks" prepare c.h5 --bootstrap 7 -o other.h5 --overwrite -q >/dev/null
    claim "the same on $ranks ranks" same_data b.h5 other.h5
done
claim "its checksums are right" "$WORDSHARD" info b.h5 --verify
"$WORDSHARD" prepare c.h5 --bootstrap 8 -o other.h5 --overwrite -q >/dev/null
claim "another seed, another sample" test "$(attribute b.h5 content_hash)" != "$(attribute other.h5 content_hash)"
claim "as many documents" test "$(attribute b.h5 documents)" = 3000
claim "counts are those of the tokens" diff <(column b.h5 /vocab/counts) \
    <(column b.h5 /tokens | sort -n | uniq -c | sort -k2n | awk '{ print $1 }')

# A document's length tells its number modulo 7; its first token is its own word.
column b.h5 /documents >places
column b.h5 /tokens >tokens
awk 'NR == FNR { token[NR - 1] = $1; next } FNR > 1 { copies[token[last]]++; n[token[last]] = $1 - last } { last = $1 }
    END { for (w in copies) { seen++; most = copies[w] > most ? copies[w] : most; print w, copies[w] } print "seen", seen, most >"drawn" }' \
    tokens places >copies
read -r _ seen most <drawn
# 3000 (1 - 1/e) = 1896, standard deviation 17.
claim "$seen of 3000 documents are there, as draws with replacement give" test "$seen" -gt 1825 -a "$seen" -lt 1967
claim "none too often ($most times)" test "$most" -ge 4 -a "$most" -le 10
names b.h5 >by-id
awk 'FILENAME == "by-id" { name[n++] = $1; next } FILENAME == "tokens" { token[t++] = $1; next } FNR > 1 { print substr(name[token[last]], 2) } { last = $1 }' by-id tokens places >numbers
claim "in the order of the corpus" sort -nc numbers

# Rare words go again: with min-count 2 of the corpus, what came twice and is drawn once.
awk 'BEGIN { for (i = 1; i <= 2000; i++) print "pair" int(i / 2), "often" }' >pairs.txt
"$WORDSHARD" prepare pairs.txt -o p.h5 --min-count 2 -q >/dev/null
claim "words that became rare are dropped" sh -c '"$WORDSHARD" prepare p.h5 --bootstrap 1 -o pb.h5 -q && test "$(h5dump -y -w 1 -d /vocab/counts pb.h5 | grep -c "^ *1$")" -eq 0'
claim "its options are those of the corpus" test "$(attribute pb.h5 provenance/options/min-count)" = '"2"'
claim "or those that are given" sh -c '"$WORDSHARD" prepare p.h5 --bootstrap 1 --min-count 1 -o pb1.h5 -q && h5dump -d /vocab/counts -y -w 1 pb1.h5 | grep "^ *1,*$"'
claim "documents of which nothing is left stay" test "$(attribute pb.h5 documents)" = 2000

# ---- training on it

"$WORDSHARD" synth -o t.txt --tokens 300000 --vocab 500 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o t.h5 -q >/dev/null
"$WORDSHARD" prepare t.h5 --bootstrap 3 -o t3.h5 -q >/dev/null
options=(--dim 32 --epochs 6 --deterministic --threads 1)
train() { on "$1" train "$3" -o "$2" "${options[@]}" "${@:4}"; }
claim "training on a sample" train 1 direct.h5 t3.h5 -q
claim "on the fly" train 2 fly.h5 t.h5 --bootstrap 3 -q
claim "gives the same bits" same_run direct.h5 fly.h5
claim "the run names the corpus, not the sample" test "$(attribute fly.h5 provenance/corpus)" = '"t.h5"'
claim "from text as well" train 1 text.h5 t.txt --bootstrap 3 -q
claim "the same bits" same_run direct.h5 text.h5
claim "nothing is left" test ! -e fly.h5.bootstrap.h5 -a ! -e text.h5.bootstrap.h5
stopped "a run on a sample" "$WORDSHARD" train t.h5 -o cut.h5 "${options[@]}" --bootstrap 3 --max-time 0.15s
claim "its sample goes as well" test ! -e cut.h5.bootstrap.h5
refuses "another sample to go on with" 2 "--bootstrap was 3, now 4" train t.h5 -o cut.h5 "${options[@]}" --bootstrap 4 -q
claim "it goes on" train 1 cut.h5 t.h5 --bootstrap 3 -q
claim "to the same bits" same_run direct.h5 cut.h5
claim "counting a sample" sh -c '"$WORDSHARD" cooccur t.h5 --bootstrap 3 -o x3.h5 -q && "$WORDSHARD" cooccur t3.h5 -o x.h5 -q && test ! -e x3.h5.bootstrap.h5'
claim "is counting its file" same_data x.h5 x3.h5

# ---- dealt to periods

head -1000 text.txt | "$WORDSHARD" prepare - -o 1.h5 --min-count 1 -q >/dev/null
sed -n 1001,1700p text.txt | "$WORDSHARD" prepare - -o 2.h5 --min-count 1 -q >/dev/null
tail -1300 text.txt | "$WORDSHARD" prepare - -o 3.h5 --min-count 1 -q >/dev/null
deal() { on "$1" prepare 1.h5 2.h5 3.h5 --control shuffle --seed "$2" --period "$3" -o "$4" -q "${@:5}"; }
for period in 1 2 3; do
    claim "period $period is written" deal $((4 - period)) 5 "$period" s$period.h5
    claim "with as many documents as before" test "$(attribute s$period.h5 documents)" = "$(attribute $period.h5 documents)"
    claim "and right checksums" "$WORDSHARD" info s$period.h5 --verify
    names s$period.h5 >words.$period
done
claim "all documents are there, each once" diff <(grep -h '^w' words.? | sort) <(awk 'BEGIN { for (i = 1; i <= 3000; i++) print "w" i, 1 }' | sort)
# Of 1000 documents of the first period 333 stay by chance, standard deviation 12.
stay=$(awk '/^w/ && substr($1, 2) + 0 <= 1000' words.1 | wc -l)
claim "and at random: $stay of 1000 stay" test "$stay" -gt 280 -a "$stay" -lt 390
deal 3 5 2 other.h5 --overwrite >/dev/null
claim "the same on 3 ranks" same_data s2.h5 other.h5
deal 1 6 2 other.h5 --overwrite >/dev/null
claim "another seed, another deal" test "$(attribute s2.h5 content_hash)" != "$(attribute other.h5 content_hash)"

# ---- bad input

refuses "text" 3 "text.txt" prepare text.txt --bootstrap 7 -o bad.h5
refuses "counts" 3 "x.h5" train x.h5 --model glove --bootstrap 7 -o bad.h5
refuses "two corpora" 2 "resamples one corpus" prepare 1.h5 2.h5 --bootstrap 7 -o bad.h5
refuses "both at once" 2 "exclude each other" prepare 1.h5 2.h5 --bootstrap 7 --control shuffle --period 1 -o bad.h5
refuses "no period" 2 "a number from 1 to 2" prepare 1.h5 2.h5 --control shuffle -o bad.h5
refuses "a period too many" 2 "a number from 1 to 2" prepare 1.h5 2.h5 --control shuffle --period 3 -o bad.h5
refuses "one period" 2 "at least two" prepare 1.h5 --control shuffle --period 1 -o bad.h5
refuses "a period of nothing" 2 "--period 1 has no meaning" prepare text.txt --period 1 -o bad.h5
refuses "a seed of nothing" 2 "--seed 1 has no meaning" prepare text.txt --seed 1 -o bad.h5
refuses "another text" 3 "prepared with --lowercase false, but the option is true" prepare c.h5 --bootstrap 7 --lowercase -o bad.h5
refuses_on 2 "corpora that do not fit" 3 "was prepared with --min-count 1" prepare c.h5 p.h5 --control shuffle --period 1 -o bad.h5
refuses "nothing left" 3 "no word of the chosen documents" prepare c.h5 --bootstrap 7 --min-count 1000000 -o bad.h5
claims_end
