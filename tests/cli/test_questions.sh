#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# import, export, nn, analogy and eval as a user runs them, alone and on ranks.
set -u
source "$SOURCE/tests/support/claims.sh"

holds() { grep -qF -- "$2" "$1"; }
lacks() { ! grep -qF -- "$2" "$1"; }
same_everywhere() {
    local name=$1 n
    shift
    "$WORDSHARD" "$@" --threads 2 >expected 2>err || cat err
    claim "$name: works alone" test -s expected
    for n in 2 3; do
        "$MPIRUN" "$n" "$WORDSHARD" "$@" --threads 1 >out 2>err
        claim "$name: $n ranks print the same" cmp expected out
    done
}

# Columns: royal, female, fruit, colour, plural. "KING" is another spelling of king.
cat >planted.txt <<'END'
14 6
</s> 9 9 9 9 9 9
man 0.1 0 0 0 0 1
woman 0.1 1 0 0 0 1
king 1 0 0 0 0 1
queen 1 1 0 0 0 1
KING 0 0 1 1 0 0
apple 0 0 1 0.125 0 0.1
apples 0 0 1 0.125 1 0.1
pear 0 0 1 -0.333333343 0 0.1
pears 0 0 1 -0.333333343 1 0.1
red 0 0 0.2 1 0 0
green 0 0 0.1 1 0.05 0
Đỏ 0 0 0.2 1.1 0 1e-30
<unk> 1 2 3 4 5 -6
END
printf ': family\nman woman king queen\nman king woman QUEEN\n: gram-plural\napple apples pear pears\n\n# a comment\nking queen man unknown\n' >q.txt
printf 'a\tb\tscore\nking\tqueen\t9\nking\tman\t7\nking\tapple\t1\napple\tpear\t8\nred\tnowhere\t3\n' >s.tsv
printf 'apple\tfruit\npear\tfruit\npears\tfruit\nred\tcolour\ngreen\tcolour\nđỏ\tcolour\nking\tperson\nqueen\tperson\nman\tperson\nnobody\tghost\n' >c.tsv

claim "import works" "$WORDSHARD" import planted.txt -o run.h5
claim "import works on ranks" "$MPIRUN" 3 "$WORDSHARD" import planted.txt -o ranks.h5

# ---- interchange
for f in a.txt a.bin a.glove a.npy; do
    claim "export $f" "$WORDSHARD" export run.h5 -o "$f"
    claim "import $f" "$WORDSHARD" import "$f" -o "again-$f.h5"
    claim "export $f again" "$WORDSHARD" export "again-$f.h5" -o "again-$f" --threads 3
    claim "$f comes back to the bit" cmp "$f" "again-$f"
    claim "export $f on ranks" "$MPIRUN" 2 "$WORDSHARD" export ranks.h5 -o "ranks-$f"
    claim "$f is the same from ranks" cmp "$f" "ranks-$f"
    claim "$f by way of text is the same" "$WORDSHARD" export "again-$f.h5" -o "text-$f.txt"
    claim "$f holds the floats of a.txt" cmp a.txt "text-$f.txt"
done
claim "the words of npy come back" cmp a.npy.words.txt again-a.npy.words.txt
claim "text keeps nine digits" holds a.txt "pear 0 0 1 -0.333333343 0 0.100000001"
claim "glove is text without the header" cmp a.glove <(tail -n +2 a.txt)
claim "a format may be named" "$WORDSHARD" export run.h5 -o named --format glove
claim "a named format is that format" cmp named a.glove
refuses "an existing output" 4 "exists" export run.h5 -o a.bin
claim "--overwrite replaces it" "$WORDSHARD" export run.h5 -o a.bin --overwrite
refuses "an ending that says nothing" 2 "does not say which format" export run.h5 -o new.xyz
refuses "export without -o" 2 "-o FILE is missing" export run.h5
refuses "a table that is not there" 3 "context" export run.h5 -o new.txt --table context
refuses "an epoch that is not there" 3 "epoch 7" export run.h5 -o new.txt --epoch 7
refuses "a run that is no run" 3 "planted.txt" export planted.txt -o new.bin
refuses "a missing run" 4 "none.h5" export none.h5 -o new.bin
refuses "a missing folder" 4 "does not exist" export run.h5 -o nowhere/new.bin
printf '2 2\na 1 2\nb 1\n' >short.txt
refuses "a short row" 3 "short.txt:3: a word and 2 numbers expected, 1 found" import short.txt -o new.h5
printf '2 2\na 1 2\nb 1 nan\n' >nan.txt
refuses "a number that is not finite" 3 "nan.txt:3: " import nan.txt -o new.h5
printf 'a 1 2\nb 1 3\na 1 2\n' >twice.txt
refuses "a word that is there twice" 3 "twice.txt:3: the word a" import twice.txt -o new.h5
head -c -20 a.bin >cut.bin
refuses "a truncated binary file" 3 "cut.bin: the file is cut short" import cut.bin -o new.h5
printf '900000000 300\na 1 2\n' >absurd.txt
refuses "an absurd header" 3 "absurd.txt: its header says" import absurd.txt -o new.h5
: >empty.txt
refuses "an empty file" 3 "empty" import empty.txt -o new.h5
refuses "a run is not a vector file" 3 "run.h5" import run.h5 -o new.h5
refuses "a missing vector file" 4 "none.txt" import none.txt -o new.h5

# ---- neighbours and analogies
same_everywhere "nn" nn run.h5 king apple green
same_everywhere "nn --json" nn run.h5 king ĐỎ nobody --json -k 3
claim "nn folds capitals" holds expected '"ĐỎ"'
claim "nn tells unknown words" holds expected '"nobody"'
same_everywhere "analogy" analogy run.h5 man woman king
claim "woman - man + king is queen" grep -q '^queen ' <(sed -n 2p expected)
same_everywhere "analogy by products" analogy run.h5 apple apples pear --method 3cosmul --json
claim "apples - apple + pear is pears" grep -q '"pears"' <(grep -m 1 -A 1 answers -A 2 expected)
"$WORDSHARD" nn run.h5 king nobody >out 2>err
claim "one known word is enough" test $? -eq 0
claim "the unknown word is named" holds err "does not know the word nobody"
"$WORDSHARD" nn run.h5 king --case match >out 2>err
claim "--case match tells KING from king" holds out KING
"$WORDSHARD" nn run.h5 king -k 100 >out 2>err
claim "--case ignore does not" lacks out KING
claim "</s> and <unk> are no answers" lacks out '<'
claim "as many neighbours as there are" test "$(wc -l <out)" -eq 11
claim "--top limits the candidates" test "$("$WORDSHARD" nn run.h5 apple --top 3 | wc -l)" -eq 4
refuses "an unknown word" 3 "does not know the word nobody" nn run.h5 nobody
refuses "an unknown word of an analogy" 3 "does not know the word nobody" analogy run.h5 man nobody king
refuses "nn without words" 2 "at least one word" nn run.h5
refuses "an analogy of two words" 2 "three words" analogy run.h5 man woman

# ---- eval
all=(eval run.h5 --analogies q.txt --similarity s.tsv --categories c.tsv)
same_everywhere "eval" "${all[@]}"
claim "the planted analogies are right" grep -qE 'q.txt +3 +3 +4 +100.00 %' expected
claim "gram sections are syntactic" grep -qE 'syntactic +1 +1 +2 +100.00 %' expected
claim "others are semantic" grep -qE 'semantic +2 +2 +2 +' expected
claim "pairs with their coverage" grep -qE 's.tsv +0.8000 +4 +5' expected
claim "clusters are the planted ones" grep -qE 'c.tsv +1.0000 +9 +10 +3' expected
same_everywhere "eval --json" "${all[@]}" --json --method 3cosmul
claim "JSON has the documented keys" holds expected '"spearman"'
"$WORDSHARD" eval run.h5 --analogies q.txt --case match >out 2>err
claim "--case match does not know QUEEN" grep -qE 'q.txt +2 +2 +4 ' out
"$WORDSHARD" eval run.h5 --analogies q.txt --top 2 >out 2>err
claim "no question among the top is bad input" test $? -eq 3
printf ': s\nman woman king\n' >bad.txt
refuses "a broken question" 3 "bad.txt:2: four words expected, 3 found" eval run.h5 --analogies bad.txt
printf 'king\tqueen\t1\nking queen 2\n' >bad.tsv
refuses "a broken pair" 3 "bad.tsv:2: word TAB word TAB score" eval run.h5 --similarity bad.tsv
refuses "an empty evaluation file" 3 "empty.txt: no questions" eval run.h5 --analogies empty.txt
printf 'x y z w\n' >foreign.txt
refuses "questions of another language" 3 "knows the words of no item" eval run.h5 --analogies foreign.txt
refuses "nothing to measure" 2 "nothing to measure" eval run.h5
refuses "a missing evaluation file" 4 "none.txt" eval run.h5 --analogies none.txt

claims_end
