// SPDX-License-Identifier: Apache-2.0
/* wordshard prepare: text into a corpus file. */
#include "commands.h"
#include "output.h"
#include "prepare.h"
#include "resample.h"

static status print_json(const options *o, const prepare_report *r) {
    return output_json(json_pack(
        "{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o, s:o}", "output",
        output_text(o->output), "files", (json_int_t)r->files, "bytes", (json_int_t)r->bytes,
        "tokens_read", (json_int_t)r->tokens_read, "tokens_kept", (json_int_t)r->tokens_kept,
        "words", (json_int_t)r->words, "distinct_words", (json_int_t)r->distinct_words, "documents",
        (json_int_t)r->documents, "repaired", (json_int_t)r->repaired, "spilled_bytes",
        (json_int_t)r->spilled, "content_hash", r->hash, "seconds", output_number(r->seconds),
        "words_per_second", output_number((double)r->tokens_read / r->seconds)));
}

static status print_table(const options *o, const prepare_report *r) {
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {{"files", r->files},
                {"bytes of text", r->bytes},
                {"tokens read", r->tokens_read},
                {"tokens kept", r->tokens_kept},
                {"distinct words", r->distinct_words},
                {"words kept", r->words},
                {"documents", r->documents},
                {"repaired sequences", r->repaired},
                {"spilled bytes", r->spilled}};
    output_table *table;
    status s = output_table_new(&table, "lr", "corpus\t");
    if (s.code)
        return s;
    output_row(table, "file\t%s", o->output);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        output_row(table, "%s\t%lld", rows[i].name, (long long)rows[i].value);
    output_row(table, "seconds\t%.2f", r->seconds);
    output_row(table, "words per second\t%.0f", (double)r->tokens_read / r->seconds);
    return output_print(&table);
}

status command_prepare(const options *o, const comm *world) {
    prepare_report report;
    status s = common_check_output(o, world);
    if (!s.code)
        s = resample_check(o, o->inputs.n);
    if (!s.code)
        s = resample_wanted(o) ? resample_corpus(o, &o->inputs, o->output, world, &report)
                               : prepare_corpus(o, &o->inputs, o->output, world, &report);
    if (!s.code && comm_rank(world) == 0)
        s = o->json ? print_json(o, &report) : print_table(o, &report);
    return comm_agree(world, s);
}
