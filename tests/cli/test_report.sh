#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# report: a page that is in order whatever words, tables and files it is given, and the data beside it.
set -u
source "$SOURCE/tests/support/claims.sh"

made() {
  "$WORDSHARD" synth -o text.txt --tokens 60000 --vocab 600 -q &&
    printf '%s\n' '<b>&"x" <b>&"x" <b>&"x" <b>&"x" العربية العربية العربية العربية שלום שלום שלום שלום' \
      '~0~ ~0~ ~0~ ~0~ `id` `id` `id` `id` END END END END e e e e' >>text.txt &&
    "$WORDSHARD" prepare text.txt -o c.h5 --min-count 4 -q &&
    "$WORDSHARD" train c.h5 -o one.h5 --dim 16 --epochs 2 -q --threads 1 &&
    "$WORDSHARD" train c.h5 -o two.h5 --dim 16 --epochs 2 --seed 2 -q --threads 1 &&
    "$RESULTS" .
}
claim files_can_be_made made

in_order() { awk -f "$SOURCE/tests/support/html.awk" "$1"; }
# page NAME FILES...: a report without a map is made of them and is in order
page() {
  local name=$1
  shift
  "$WORDSHARD" report "$@" -o "$name.html" --map-words 0 -q >said && in_order "$name.html" && test -s "$name.json"
}

# ---- the page

everything() {
  "$WORDSHARD" report one.h5 two.h5 stability.h5 epochs.h5 periods.h5 -o all.html --map-words 80 --perplexity 10 \
    --clusters 4 -q --threads 1 >said && in_order all.html
}
claim everything_is_on_one_page everything
has() { grep -Fq -- "$1" all.html; }
for section in summary stability periods training epochs spectrum neighbours map provenance; do
  claim "the_page_has_a_section_$section" has "<section id=\"$section\">"
done
claim nothing_is_fetched test "$(grep -cE '@import|url\(|https?://[^w]' all.html)" = 0
claim a_browser_would_not_fetch_either has "default-src 'none'"
claim figures_have_words_for_who_cannot_see_them test "$(grep -c 'role="img"' all.html)" = \
  "$(grep -cE '<title id="f[0-9]+[a-z]">[^<]+</title>' all.html)"
claim paper_and_darkness_are_thought_of has '@media print'

# ---- words

claim markup_in_words_is_text has '<bdi>&lt;b&gt;&amp;&quot;x&quot;</bdi>'
claim other_directions_are_set_apart has '<bdi>العربية</bdi>'
in_plots() { grep -q "<text>[^<]*$1" all.html; }
claim words_in_plots_are_text in_plots '&lt;b&gt;&amp;&quot;x&quot;'
claim words_in_plots_keep_their_letters in_plots 'العربية'
claim no_word_was_a_command test ! -e pwned
claim bytes_that_are_no_text_are_replaced test "$(iconv -f utf-8 -t utf-8 all.html 2>&1 >/dev/null | wc -c)" = 0
nothing_left() { ! grep -Eq "<text>~[0-9]+~" <(sed 's/<text>~0~//' all.html) && ! grep -q 'rgb(' all.html; }
claim tokens_and_colours_of_the_plotter_are_gone nothing_left
asked() {
  "$WORDSHARD" report one.h5 -o asked.html --map-words 0 --words 'العربية' 'nosuchword' -k 3 >said 2>&1 &&
    grep -q 'warning: no run knows the word nosuchword' said &&
    [ "$(awk -F, '$1 == "العربية"' asked.files/neighbours.csv | wc -l)" = 3 ]
}
claim chosen_words_are_shown asked
without_loss() {
  "$WORDSHARD" train c.h5 -o svd.h5 --model ppmi-svd --dim 16 -q >/dev/null && page svd svd.h5 &&
    ! grep -q 'id="training"' svd.html && grep -q 'id="neighbours"' svd.html
}
claim runs_without_a_loss_have_no_empty_figure without_loss

# ---- data

claim the_data_of_plots_is_beside_the_page test -s all.files/stability_by_frequency.csv -a -s all.files/map.csv
claim json_has_the_same grep -q '"csv": "drift2_most_changed.csv"' all.json
same_on_ranks() {
  on 3 report one.h5 two.h5 stability.h5 epochs.h5 periods.h5 -o ranks.html --map-words 80 --perplexity 10 \
    --clusters 4 -q --threads 2 >said &&
    diff -r all.files ranks.files &&
    diff <(sed 's/all\.files//; s/[0-9-]* [0-9:]* UTC//' all.html) <(sed 's/ranks\.files//; s/[0-9-]* [0-9:]* UTC//' ranks.html)
}
claim ranks_and_threads_make_the_same_page same_on_ranks

# ---- little or odd data

claim tables_without_rows_are_left_out page empty empty.h5
claim and_leave_no_section test "$(grep -c '<section' empty.html)" = 1
claim odd_tables_do_no_harm page odd odd.h5
claim one_run_is_enough page single one.h5
few_words() { "$WORDSHARD" report one.h5 -o few.html --map-words 12 --clusters 20 -q >said && in_order few.html; }
claim a_map_of_few_words few_words

# ---- what cannot be done

refuses nothing_given 2 'runs or results are needed' report -o x.html
refuses no_output 2 '-o FILE is missing' report one.h5
refuses a_page_is_not_overwritten 4 'all.html exists' report one.h5 -o all.html
refuses a_folder_that_is_not_there 4 'the folder nowhere does not exist' report one.h5 -o nowhere/x.html
refuses another_kind 3 'c.h5' report c.h5 -o x.html
refuses no_file_of_ours 3 'text.txt' report text.txt -o x.html
refuses_on 2 another_kind 3 'c.h5' report one.h5 c.h5 -o x.html
refused a_missing_plotter 4 'cannot start gnuplot.*gnuplot-nox' env PATH=/nowhere "$WORDSHARD" report one.h5 -o x.html

# fake VERSION CODE: a gnuplot that says this version and fails with this code
fake() {
  mkdir -p bin
  printf '#!/bin/sh\n[ "$1" = --version ] && echo "gnuplot %s" && exit 0\necho some trouble >&2\nexit %s\n' "$1" "$2" >bin/gnuplot
  chmod +x bin/gnuplot
}
fake '4.6 patchlevel 6' 1
refused an_old_plotter 4 'gnuplot 5.2 or later is needed' env PATH="$PWD/bin:$PATH" "$WORDSHARD" report one.h5 -o x.html
fake '5.4 patchlevel 4' 3
refused a_failing_plotter 70 'exit code 3.*some trouble' env PATH="$PWD/bin:$PATH" "$WORDSHARD" report one.h5 -o x.html --map-words 0 -q
fake '5.4 patchlevel 4' 0
refused a_plotter_that_draws_nothing 70 'drew no SVG' env PATH="$PWD/bin:$PATH" "$WORDSHARD" report one.h5 -o x.html --map-words 0 -q
claims_end
