# SPDX-License-Identifier: Apache-2.0
# Whether an HTML page is in order: every element is closed where it should be, no id is there
# twice, links into the page lead somewhere, and nothing is fetched or run. Prints what is wrong.
function wrong(what) {
    print FILENAME ": " what
    failed = 1
}
function attribute(tag, name,    text) {
    if (!match(tag, "[ \n]" name "=(\"[^\"]*\"|'[^']*')"))
        return ""
    text = substr(tag, RSTART, RLENGTH)
    sub(/^[^=]*=./, "", text)
    return substr(text, 1, length(text) - 1)
}
BEGIN {
    RS = "<"
    split("meta link br hr img input wbr", list, " ")
    for (i in list)
        empty[list[i]] = 1
}
NR == 1 { next }
inside == "style" && !/^\/style>/ { next }
{
    end = index($0, ">")
    if (!end) {
        wrong("a tag without end: <" substr($0, 1, 40))
        next
    }
    tag = substr($0, 1, end - 1)
    text = substr($0, end + 1)
    if (tag ~ /^!DOCTYPE/)
        next
    name = tag
    sub(/[ \n\t\/].*/, "", name)
    if (name != "style" && text ~ /&([^a-zA-Z#]|$)/)
        wrong("an & that is not escaped: " substr(text, 1, 60))
    if (tag ~ /^\//) {
        name = substr(tag, 2)
        if (depth < 1 || open[depth] != name)
            wrong("</" name "> closes <" open[depth] ">")
        depth--
        inside = ""
        next
    }
    if (name == "script" || name == "iframe" || name == "object" || tag ~ /[ \n]on[a-z]+=/)
        wrong("something that runs: <" substr(tag, 1, 60))
    id = attribute(tag, "id")
    if (id != "" && seen[id]++)
        wrong("the id " id " is there twice")
    target = attribute(tag, "href") attribute(tag, "src")
    if (target ~ /^#/)
        links[substr(target, 2)] = 1
    else if (target != "" && target !~ /^data:/)
        wrong("something to fetch: " target)
    if (tag !~ /\/$/ && !(name in empty))
        open[++depth] = inside = name
}
END {
    if (depth)
        wrong("<" open[depth] "> is not closed")
    for (id in links)
        if (!seen[id])
            wrong("a link to " id ", which is not there")
    exit failed
}
