#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A report in headless Chromium: no message on the console, no request to anywhere, and
# pictures of it to look at. ./dev browser sets WORDSHARD, SOURCE and RESULTS.
#
#   run.sh          a report on the planted corpus and on made-up results
#   run.sh PAGE...  these pages
set -euo pipefail
out=$SOURCE/build/browser
rm -rf "$out"
mkdir -p "$out"
chromium=(chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run
    --disable-background-networking --disable-component-update --disable-sync --disable-extensions
    --user-data-dir="$out/profile" --enable-logging=stderr)

make_page() {
    (
        cd "$out"
        "$WORDSHARD" synth -o text.txt --tokens 400000 -q >/dev/null
        "$WORDSHARD" prepare text.txt -o corpus.h5 -q >/dev/null
        for seed in 1 2 3; do
            "$WORDSHARD" train corpus.h5 -o "seed$seed.h5" --seed "$seed" --dim 50 --epochs 3 -q >/dev/null
        done
        "$WORDSHARD" stability seed?.h5 -o agreement.h5 -q >/dev/null
        "$RESULTS" .
        "$WORDSHARD" report seed?.h5 agreement.h5 stability.h5 epochs.h5 periods.h5 -o report.html -q
    )
}

# take NAME PAGE ARGUMENTS...: open the page once; what it says goes to NAME.log
take() {
    local name=$1 page=$2
    shift 2
    timeout 120 "${chromium[@]}" "$@" "file://$page" >"$out/$name.dom" 2>"$out/$name.log"
}

failed=0
wrong() {
    echo "FAILED $*"
    failed=1
}

# The browser asks for things of its own, whatever the page is.
own='"url":"https\?://[a-z0-9.-]*\.\(google\|googleapis\)\.com/'

# examine NAME PAGE: prints what is wrong with it. What a page asks for is in the browser's log of
# its network; the page itself is a file.
examine() {
    local name=$1 page=$2
    take "$name" "$page" --log-net-log="$out/$name.net" --host-resolver-rules='MAP * ~NOTFOUND' --dump-dom ||
        echo "the browser ended with code $?"
    [ -s "$out/$name.net" ] || echo "no log of requests"
    grep -Eo '"url":"(https?|wss?|ftp):[^"]*"' "$out/$name.net" | sort -u | grep -v "$own" | sed 's/^/asks for /' || true
    grep 'CONSOLE' "$out/$name.log" || true
    grep -q '</html>' "$out/$name.dom" || echo "not loaded"
}

# The examination finds what it should.
cat >"$out/bait.html" <<'END'
<!DOCTYPE html><title>bait</title><img src="http://outside.invalid/a.png"><script>console.error("bait")</script>
END
bait=$(examine bait "$out/bait.html")
for clue in 'asks for .*outside.invalid' 'CONSOLE.*bait'; do
    grep -q "$clue" <<<"$bait" || wrong "a page that should not pass has: $clue"
done

pages=("$@")
[ $# -gt 0 ] || {
    make_page
    pages=("$out/report.html")
}
number=0
for page in "${pages[@]}"; do
    page=$(realpath "$page") number=$((number + 1)) name=page$number
    found=$(examine "$name" "$page")
    [ -z "$found" ] || wrong "$page: $found"
    take "$name-screen" "$page" --window-size=1200,6000 --screenshot="$out/$name-screen.png"
    take "$name-narrow" "$page" --window-size=500,6000 --screenshot="$out/$name-narrow.png"
    take "$name-dark" "$page" --window-size=1200,6000 --force-dark-mode --blink-settings=preferredColorScheme=0 \
        --screenshot="$out/$name-dark.png"
    take "$name-print" "$page" --no-pdf-header-footer --print-to-pdf="$out/$name.pdf"
    for picture in "$out/$name"-{screen,narrow,dark}.png "$out/$name.pdf"; do
        [ -s "$picture" ] || wrong "$picture was not made"
    done
done
rm -rf "$out/profile"
echo "$number pages; pictures are in $out"
exit "$failed"
