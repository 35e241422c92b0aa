#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The option table as a user meets it: command line, configuration file, help and its documentation.
set -u
source "$SOURCE/tests/support/claims.sh"

"$WORDSHARD" synth -o t.txt --tokens 60000 --vocab 500 -q >/dev/null || exit 1
"$WORDSHARD" prepare t.txt -o c.h5 -q >/dev/null || exit 1

claim "help lists every command" sh -c '"$WORDSHARD" --help | grep -q "prepare.*" && "$WORDSHARD" help train | grep -q -- --learning-rate'
claim "version is printed" sh -c '"$WORDSHARD" --version | grep -q "^wordshard [0-9]"'
claim "docs/options.md is what the table says" sh -c '"$WORDSHARD" help --markdown | diff - "$SOURCE/docs/options.md"'

dry() { "$WORDSHARD" train c.h5 -o run.h5 --dry-run --json -q "$@"; }
says() { dry "${@:2}" | grep -q "$1"; }
claim "long form with a space" says '"dim": 17' --dim 17
claim "long form with =" says '"dim": 18' --dim=18
claim "short form" says '"dim": 19' -d 19
claim "the last one wins" says '"dim": 20' --dim 3 --dim 20
printf 'dim: 21\nepochs: 2\n# a comment\nanalogies: [a.txt, b.txt]\n' >config.yaml
claim "a configuration file sets options" says '"dim": 21' --config config.yaml
claim "options of other commands in it are left alone" says '"epochs": 2' --config config.yaml
claim "the command line wins over it" says '"dim": 22' --dim 22 --config config.yaml
claim "a dry run writes nothing" test ! -e run.h5

refuses "dim 0" 2 "between 1 and" train c.h5 -o run.h5 --dim 0
refuses "negative 0" 2 "between 1 and" train c.h5 -o run.h5 --negative 0
refuses "window larger than int" 2 "between 1 and" train c.h5 -o run.h5 --window 99999999999
refuses "learning rate nan" 2 "finite" train c.h5 -o run.h5 --learning-rate nan
refuses "learning rate inf" 2 "finite" train c.h5 -o run.h5 --learning-rate inf
refuses "a word for a number" 2 "whole number" train c.h5 -o run.h5 --epochs many
refuses "a number with a tail" 2 "whole number" train c.h5 -o run.h5 --epochs 3x
refuses "a choice that is none" 2 "one of" train c.h5 -o run.h5 --model word2vec
refuses "a size that is none" 2 "512M" train c.h5 -o run.h5 --memory lots
refuses "an unknown option" 2 "unknown option --dims" train c.h5 -o run.h5 --dims 3
refuses "an option of another command" 2 "unknown option" prepare t.txt -o d.h5 --dim 3
refuses "a missing value" 2 "missing" train c.h5 -o run.h5 --dim
refuses "an unknown command" 2 "unknown command" tarin c.h5
refuses "no command" 2 "command is missing"
refuses "a missing configuration file" 4 "none.yaml" train c.h5 -o run.h5 --config none.yaml
printf 'dim: 21\nwidth: 3\n' >bad.yaml
refuses "an unknown option in a file" 2 "bad.yaml:2" train c.h5 -o run.h5 --config bad.yaml
printf 'dim: [1\n' >broken.yaml
refuses "a broken file" 2 "broken.yaml" train c.h5 -o run.h5 --config broken.yaml
printf 'dim: "16\\0abc"\n' >nul.yaml
refuses "a NUL byte in a value" 2 "nul.yaml:1" train c.h5 -o run.h5 --config nul.yaml
printf '"dim\\0abc": 16\n' >nul.yaml
refuses "a NUL byte in a name" 2 "nul.yaml:1" train c.h5 -o run.h5 --config nul.yaml
printf 'dim: 16\n---\nepochs: 1\n' >two.yaml
refuses "a second document in a file" 2 "two.yaml:2" train c.h5 -o run.h5 --config two.yaml
printf 'dim: 0\n' >zero.yaml
refuses "a bound in a file" 2 "zero.yaml:1" train c.h5 -o run.h5 --config zero.yaml
claim "nothing is left behind" sh -c '! ls run.h5* d.h5* 2>/dev/null'
claims_end
