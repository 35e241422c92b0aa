// SPDX-License-Identifier: Apache-2.0
/* wordshard synth: the planted text and its answers. The text is a function of the options alone,
 * so one rank writes it and the others wait. All files are written as *.partial and renamed
 * together, the text last: when it is there, so are its answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "output.h"
#include "planted.h"

enum { FIRST_TEXT = 4, NAME_EXTRA = 32 };

typedef struct {
    planted *plan;
    const options *o;
    char *path, *partial; /* of the current file */
    size_t size;          /* of both */
    int n_files;          /* four answer files, then a text for each period */
} job;

/* "folder/text.txt" gives folder/text.analogies.txt, ..., folder/text.txt or text.1.txt, ... */
static void job_name(job *j, int file) {
    static const char *const answers[FIRST_TEXT] = {"analogies.txt", "similarity.tsv",
                                                    "categories.tsv", "drift.tsv"};
    const char *output = j->o->output, *slash = strrchr(output, '/'), *dot = strrchr(output, '.');
    const char *name = slash ? slash + 1 : output;
    const char *ending = dot && dot > name ? dot : output + strlen(output);
    const int stem = (int)(ending - output);
    if (file < FIRST_TEXT)
        snprintf(j->path, j->size, "%.*s.%s", stem, output, answers[file]);
    else if (j->o->synth_periods > 1)
        snprintf(j->path, j->size, "%.*s.%d%s", stem, output, file - FIRST_TEXT + 1, ending);
    else
        snprintf(j->path, j->size, "%s", output);
    snprintf(j->partial, j->size, "%s.partial", j->path);
}

static status check_names(job *j) {
    for (int i = 0; i < j->n_files && !j->o->overwrite; i++) {
        job_name(j, i);
        if (!access(j->path, F_OK))
            return status_error(STATUS_IO,
                                "%s exists; remove it, choose another name, or give --overwrite",
                                j->path);
    }
    return status_ok();
}

static void write_analogies(const planted *plan, FILE *out) {
    const planted_sizes n = planted_describe(plan);
    char word[4][PLANTED_WORD];
    for (int32_t r = 0; r < n.relations; r++)
        for (int32_t q = r + 1; q < n.relations; q++) {
            fprintf(out, ": relation-%d-to-%d\n", r + 1, q + 1);
            for (int32_t a = 0; a < n.concepts; a++)
                for (int32_t b = 0; b < n.concepts; b++) {
                    if (a == b)
                        continue;
                    planted_spell(plan, planted_grid_word(plan, a, r), word[0]);
                    planted_spell(plan, planted_grid_word(plan, a, q), word[1]);
                    planted_spell(plan, planted_grid_word(plan, b, r), word[2]);
                    planted_spell(plan, planted_grid_word(plan, b, q), word[3]);
                    fprintf(out, "%s %s %s %s\n", word[0], word[1], word[2], word[3]);
                }
        }
}

static void write_similarity(const planted *plan, FILE *out) {
    int64_t n;
    const planted_pair *pairs = planted_pairs(plan, &n);
    char a[PLANTED_WORD], b[PLANTED_WORD];
    for (int64_t i = 0; i < n; i++) {
        planted_spell(plan, pairs[i].a, a);
        planted_spell(plan, pairs[i].b, b);
        fprintf(out, "%s\t%s\t%.6f\n", a, b, pairs[i].score);
    }
}

static void write_categories(const planted *plan, FILE *out) {
    int64_t n;
    const planted_class *classes = planted_classes(plan, &n);
    char word[PLANTED_WORD];
    for (int64_t i = 0; i < n; i++) {
        planted_spell(plan, classes[i].word, word);
        fprintf(out, "%s\ttopic-%d\n", word, classes[i].topic + 1);
    }
}

static void write_drift(const planted *plan, FILE *out) {
    int64_t n;
    const planted_drift *drifts = planted_drifts(plan, &n);
    char word[PLANTED_WORD];
    for (int64_t i = 0; i < n; i++) {
        planted_spell(plan, drifts[i].word, word);
        fprintf(out, "%s\t%.6f\t%s\n", word, drifts[i].drift,
                drifts[i].drifted ? "drifted" : "stable");
    }
}

/* One document a line, cut after the asked number of words. */
static void write_text(const planted *plan, int64_t tokens, FILE *out) {
    int32_t words[PLANTED_LONGEST];
    char word[PLANTED_WORD];
    for (int64_t d = 0; tokens > 0 && !ferror(out); d++) {
        int64_t n = planted_document(plan, d, words);
        n = n < tokens ? n : tokens;
        for (int64_t i = 0; i < n; i++) {
            const size_t length = planted_spell(plan, words[i], word);
            fwrite(word, 1, length, out);
            putc(i + 1 < n ? ' ' : '\n', out);
        }
        tokens -= n;
    }
}

static void write_contents(job *j, int file, FILE *out) {
    static void (*const answers[FIRST_TEXT])(const planted *, FILE *) = {
        write_analogies, write_similarity, write_categories, write_drift};
    if (file < FIRST_TEXT) {
        answers[file](j->plan, out);
    } else {
        planted_set_period(j->plan, file - FIRST_TEXT + 1);
        write_text(j->plan, j->o->synth_tokens, out);
    }
}

static status write_partial(job *j, int file) {
    job_name(j, file);
    FILE *out = fopen(j->partial, "w");
    if (!out)
        return status_errno(errno, "creating", j->partial);
    errno = 0;
    write_contents(j, file, out);
    status s = status_ok();
    if (ferror(out) || fflush(out) || fsync(fileno(out)))
        s = status_errno(errno ? errno : EIO, "writing", j->partial);
    if (fclose(out) && !s.code)
        s = status_errno(errno, "closing", j->partial);
    return s;
}

static status write_files(job *j) {
    status s = status_ok();
    for (int i = 0; !s.code && i < j->n_files; i++)
        s = write_partial(j, i);
    for (int i = 0; !s.code && i < j->n_files; i++) {
        job_name(j, i);
        if (rename(j->partial, j->path))
            s = status_errno(errno, "renaming", j->partial);
    }
    for (int i = 0; s.code && i < j->n_files; i++) {
        job_name(j, i);
        remove(j->partial); /* most are not there */
    }
    return s;
}

static status print_json(job *j) {
    const planted_sizes n = planted_describe(j->plan);
    json_t *files = json_array();
    for (int i = 0; i < j->n_files; i++) {
        job_name(j, i);
        json_array_append_new(files, output_string(j->path, strlen(j->path)));
    }
    return output_json(json_pack(
        "{s:s, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:o}", "command", "synth", "tokens",
        (json_int_t)j->o->synth_tokens, "vocab", (json_int_t)j->o->synth_vocab, "periods",
        (json_int_t)j->o->synth_periods, "concepts", n.concepts, "relations", n.relations, "topics",
        n.topics, "mixed_words", n.mixed_words, "drift_words", n.drift_words, "files", files));
}

static status print_table(job *j) {
    const planted_sizes n = planted_describe(j->plan);
    const long long relation_pairs = (long long)n.relations * (n.relations - 1) / 2;
    int64_t pairs, classes, drifts;
    planted_pairs(j->plan, &pairs);
    planted_classes(j->plan, &classes);
    planted_drifts(j->plan, &drifts);
    const long long numbers[FIRST_TEXT] = {relation_pairs * n.concepts * (n.concepts - 1), pairs,
                                           classes, drifts};
    static const char *const units[FIRST_TEXT] = {
        "analogy questions", "word pairs with their similarity", "words with their topic",
        "words with their drift"};
    output_table *table;
    status s = output_table_new(&table, "lrl", "file\tnumber\tof");
    if (s.code)
        return s;
    for (int i = 0; i < j->n_files; i++) {
        job_name(j, i);
        if (i < FIRST_TEXT)
            output_row(table, "%s\t%lld\t%s", j->path, numbers[i], units[i]);
        else
            output_row(table, "%s\t%lld\twords, one document a line", j->path,
                       (long long)j->o->synth_tokens);
    }
    return output_print(&table);
}

static status run_alone(job *j) {
    const options *o = j->o;
    j->size = strlen(o->output) + NAME_EXTRA;
    j->n_files = FIRST_TEXT + (int)o->synth_periods;
    status s = mem_new(&j->path, j->size, 1, "file name");
    if (!s.code)
        s = mem_new(&j->partial, j->size, 1, "file name");
    if (!s.code)
        s = check_names(j);
    const planted_options wanted = {.tokens = o->synth_tokens,
                                    .vocab = (int32_t)o->synth_vocab,
                                    .periods = (int)o->synth_periods,
                                    .drift_words = (int32_t)o->synth_drift,
                                    .seed = (uint64_t)o->seed};
    if (!s.code)
        s = planted_create(&j->plan, &wanted);
    if (!s.code && planted_describe(j->plan).drift_words < wanted.drift_words)
        log_info("--tokens or --vocab are too few for %d words that drift: planting %d",
                 wanted.drift_words, planted_describe(j->plan).drift_words);
    if (!s.code)
        s = write_files(j);
    if (!s.code)
        s = o->json ? print_json(j) : print_table(j);
    planted_destroy(&j->plan);
    mem_free(&j->path);
    mem_free(&j->partial);
    return s;
}

status command_synth(const options *o, const comm *world) {
    if (o->inputs.n)
        return status_error(STATUS_USAGE, "synth reads no file, but %s was given",
                            o->inputs.items[0]);
    status s = common_check_output(o, world);
    if (s.code)
        return s;
    job j = {.o = o};
    if (comm_rank(world) == 0)
        s = run_alone(&j);
    return comm_agree(world, s);
}
