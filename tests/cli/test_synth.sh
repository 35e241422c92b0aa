#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# synth as a user runs it: its files, their repeatability, and what it refuses.
set -u
source "$SOURCE/tests/support/claims.sh"

no_partial() { ! ls ./*.partial >/dev/null 2>&1; }
is_empty() { [ -z "$(head -n 1 "$1")" ]; } # also of a pipe
differ() { ! cmp -s "$1" "$2"; }
# holds FILE PATTERN COLUMNS: every line has so many TAB separated columns and matches.
holds() { awk -F '\t' -v pattern="$2" -v n="$3" '!($0 ~ pattern) || NF != n { exit 1 }' "$1"; }

small=(--tokens 100000 --vocab 1000)
claim writes_a_text "$WORDSHARD" synth -o text.txt "${small[@]}"
claim text_has_the_asked_length test "$(wc -w <text.txt)" -eq 100000
claim text_has_the_asked_words test "$(tr ' ' '\n' <text.txt | sort -u | wc -l)" -le 1000
claim words_are_lower_case_ascii is_empty <(LC_ALL=C tr -d 'a-z \n' <text.txt)
claim analogies_have_four_words awk '/^:/ { s++; next } NF != 4 { exit 1 } END { exit s < 1 }' text.analogies.txt
claim similarity_has_scores holds text.similarity.tsv '\t(0|1)[.][0-9]*$' 3
claim categories_have_classes holds text.categories.tsv '\ttopic-[0-9]+$' 2
claim drift_has_kinds holds text.drift.tsv '\t(drifted|stable)$' 3
for file in text.analogies.txt text.similarity.tsv text.categories.tsv text.drift.tsv; do
    claim "words_of_$file occur" is_empty <(comm -23 \
        <(grep -v '^:' "$file" | tr ' \t' '\n' | grep -E '^[a-z]{4}$' | sort -u) \
        <(tr ' ' '\n' <text.txt | sort -u))
done
claim nothing_partial_is_left no_partial

claim same_options_on_three_ranks "$MPIRUN" 3 "$WORDSHARD" synth -o again.txt "${small[@]}"
for ending in txt analogies.txt similarity.tsv categories.tsv drift.tsv; do
    claim "same_options_same_$ending" cmp "text.$ending" "again.$ending"
done
claim another_seed "$WORDSHARD" synth -o other.txt "${small[@]}" --seed 2
claim another_seed_another_text differ text.txt other.txt

claim three_periods "$WORDSHARD" synth -o time.txt "${small[@]}" --periods 3 --drift-words 6
claim three_texts test -f time.1.txt -a -f time.2.txt -a -f time.3.txt -a ! -e time.txt
claim drifted_and_stable_words test "$(cut -f 3 time.drift.tsv | sort | uniq -c | tr -s ' \n' ' ')" = " 6 drifted 6 stable "
claim no_drift_is_possible "$WORDSHARD" synth -o still.txt "${small[@]}" --drift-words 0
claim no_drift_list is_empty still.drift.tsv

refuses keeps_existing_files 4 exists synth -o text.txt "${small[@]}"
rm still.txt
refuses keeps_existing_answers 4 still.analogies.txt synth -o still.txt "${small[@]}"
claim overwrites_when_told "$WORDSHARD" synth -o text.txt "${small[@]}" --overwrite
refuses too_few_tokens 2 "give at least" synth -o few.txt --tokens 1000
refuses too_few_words 2 vocab synth -o few.txt --vocab 10
refuses missing_output 2 "-o" synth --tokens 100000
refuses missing_folder 4 "does not exist" synth -o no/such/text.txt "${small[@]}"
refuses needless_input 2 "reads no file" synth text.txt -o new.txt
"$WORDSHARD" synth -o less.txt "${small[@]}" --drift-words 1000 >out 2>err
claim says_how_many_drifting_words_fit grep -q 'planting [0-9]' err

"$WORDSHARD" synth -o json.txt "${small[@]}" --json --quiet | tr -d '\n' >line
claim json_is_one_object grep -q '^{.*"files": *\[.*json.txt.*\].*}$' line

# A limit on the size of a file fails like a full disk.
(ulimit -f 8192 && trap '' XFSZ && "$WORDSHARD" synth -o big.txt --tokens 4000000 >out 2>err)
claim too_large_a_file_is_an_error grep -q big.txt err
claim too_large_a_file_leaves_nothing is_empty <(ls big.* 2>/dev/null)

claims_end
