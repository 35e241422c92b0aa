// SPDX-License-Identifier: Apache-2.0
/* What prepare takes: it reads the beginning of the text twice, a quarter of it first, so that the
 * growth of the vocabulary (Heaps' law) is known. */
#include <math.h>
#include <stdio.h>

#include "commands.h"
#include "decode.h"
#include "input.h"
#include "log.h"
#include "memory.h"
#include "out_file.h"
#include "plan.h"
#include "prepare.h"

static const double SAMPLE = 128 << 20; /* bytes of text */
static const double COMPRESSED = 4;     /* bytes of text in one of a compressed file */
static const double WORD_RECORD = 24;   /* bytes of a word on its way, with count and length */

/* ---- the beginning of the text as files */

typedef struct {
    input_list list;
    input_unit *units;
    int64_t n_units;
    double bytes;   /* of the whole text, about */
    bool all_plain; /* so that this is exact */
} text_source;

static status open_source(text_source *x, const options *o) {
    status s = input_list_expand(&x->list, o->inputs.n, o->inputs.items);
    x->all_plain = true;
    for (int64_t i = 0; !s.code && i < x->list.n; i++) {
        const input_file *f = &x->list.files[i];
        if (f->bytes < 0)
            s = status_error(STATUS_USAGE,
                             "%s is a pipe, of which nobody knows the length; plan "
                             "with files",
                             f->path);
        x->bytes += (double)f->bytes * (f->coding == INPUT_PLAIN ? 1 : COMPRESSED);
        x->all_plain &= f->coding == INPUT_PLAIN;
    }
    return s.code ? s : input_list_units(&x->list, &x->units, &x->n_units);
}

static void close_source(text_source *x) {
    mem_free(&x->units);
    input_list_clear(&x->list);
}

/* Blocks end between words, so that one may be the last. *written: bytes. */
static status copy_text(const text_source *x, decoder *d, double most, out_file *to,
                        double *written) {
    status s = status_ok();
    for (int64_t u = 0; !s.code && u < x->n_units && *written < most; u++) {
        text_block block = {.n = 1};
        s = decode_open(d, &x->list.files[x->units[u].file], &x->units[u]);
        while (!s.code && block.n > 0 && *written < most) {
            s = decode_next(d, &block);
            if (!s.code)
                s = out_write(to, (const char *)block.bytes, block.n);
            *written += s.code ? 0 : (double)block.n;
        }
        decode_close(d);
    }
    return s;
}

static status write_text(const text_source *x, double most, const char *path, double *written) {
    out_file to = {.descriptor = -1};
    decoder *d = NULL;
    *written = 0;
    status s = decode_create(&d, NULL);
    if (!s.code)
        s = out_open(&to, path, "");
    if (!s.code)
        s = copy_text(x, d, most, &to, written);
    if (!s.code)
        s = out_sync(&to);
    if (!s.code)
        s = out_rename(&to);
    out_clear(&to);
    decode_destroy(&d);
    return s;
}

/* ---- trials */

typedef struct {
    double bytes, distinct, kept_words, kept_tokens, documents, seconds;
    double peak; /* bytes of the rank with the most, beyond what it had before both trials */
} trial;

static status try(trial *t, const text_source *x, double most, const char *folder, const options *o,
                  const comm *world, double before) {
    char text[PLAN_PATH + 16], corpus[PLAN_PATH + 16], *items[] = {text};
    const string_list inputs = {.n = 1, .items = items};
    options plain = *o;
    prepare_report r;
    snprintf(text, sizeof text, "%s/part.txt", folder);
    snprintf(corpus, sizeof corpus, "%s/part.h5", folder);
    plain.command = C_PREPARE;
    plain.memory = 0;
    status s = status_ok();
    if (comm_rank(world) == 0)
        s = write_text(x, most, text, &t->bytes);
    s = comm_agree(world, s);
    if (!s.code)
        s = prepare_corpus(&plain, &inputs, corpus, world, &r);
    if (s.code)
        return s;
    t->bytes = (double)r.bytes;
    t->distinct = (double)r.distinct_words;
    t->kept_words = (double)r.words;
    t->kept_tokens = (double)r.tokens_kept;
    t->documents = (double)r.documents;
    t->seconds = r.seconds;
    t->peak = (double)comm_max(world, common_peak_memory(1)) - before;
    return s;
}

/* ---- conclusions */

/* Words of `bytes` of text, as x of those of the large trial: Heaps' law through both. */
static double grown(const trial *small, const trial *large, double bytes, double x) {
    const double slope = log(large->distinct / small->distinct) / log(large->bytes / small->bytes);
    return x * pow(bytes / large->bytes, isfinite(slope) ? slope : 1);
}

/* Memory of a rank that reads so many bytes: a part for each byte and one for each word. */
static double peak_of(const trial *small, const trial *large, double ranks, double bytes) {
    const double a = small->bytes / ranks, b = large->bytes / ranks;
    const double u = grown(small, large, a, large->distinct);
    const double v = grown(small, large, b, large->distinct);
    const double det = a * v - b * u;
    const double each_byte = det != 0 ? (small->peak * v - large->peak * u) / det : 0;
    const double each_word = det != 0 ? (a * large->peak - b * small->peak) / det : 0;
    if (!(each_byte > 0) || !(each_word > 0))
        return large->peak * bytes / b;
    return each_byte * bytes + each_word * grown(small, large, bytes, large->distinct);
}

static void conclude(forecast *p, const trial *small, const trial *large, double bytes, int ranks,
                     double cores) {
    const double more = bytes / large->bytes;
    p->words = grown(small, large, bytes, large->kept_words);
    p->tokens = large->kept_tokens * more;
    p->documents = large->documents * more;
    p->output = p->tokens * sizeof(int32_t) + p->documents * sizeof(int64_t) + p->words * 32;
    p->unit = "bytes";
    p->work = bytes;
    p->speed = large->bytes / large->seconds * p->shape.ranks * p->shape.threads / cores;
    p->measured = true;
    p->seconds = p->work / p->speed;
    p->memory.phase = "reading and making the vocabulary";
    if (p->shape.ranks > 1) /* words are brought to their owners */
        estimate_add(&p->memory, "words on their way",
                     WORD_RECORD * grown(small, large, bytes / p->shape.ranks, large->distinct));
    estimate_add(&p->memory, "words and ids", peak_of(small, large, ranks, bytes / p->shape.ranks));
}

static status measure(forecast *p, const text_source *x, const char *folder, const options *o,
                      const comm *world) {
    const double sample = fmin(SAMPLE, x->bytes);
    const double before = (double)comm_max(world, common_peak_memory(1));
    trial small, large;
    status s = try(&small, x, sample / 4, folder, o, world, before);
    if (!s.code)
        s = try(&large, x, sample, folder, o, world, before);
    if (!s.code) {
        const double whole = large.bytes < sample && !x->all_plain ? large.bytes : x->bytes;
        conclude(p, &small, &large, whole, comm_size(world),
                 (double)comm_size(world) * common_threads(o));
    }
    return s;
}

/* Ids beyond half of --memory go to a scratch file. */
static void spill(forecast *p, const options *o) {
    const double most = estimate_sum(&p->memory);
    if (!o->memory || most <= (double)o->memory)
        return;
    const double ids = p->tokens * sizeof(uint16_t) / p->shape.ranks;
    const double spilled = fmax(0, ids - (double)o->memory / 2);
    p->scratch = spilled * p->shape.ranks;
    estimate_add(&p->memory, "words and ids", -spilled);
}

status prepare_plan(forecast *p, const options *o, const comm *world) {
    static const char *const of_speed[] = {"words-per-second", NULL};
    char folder[PLAN_PATH];
    text_source x = {0};
    status s = options_refuse(o, of_speed, "plan prepare, which reads some of the text anyway");
    if (!s.code)
        s = job_shape_find(&p->shape, o, world);
    if (!s.code)
        s = comm_agree(world, open_source(&x, o));
    if (!s.code)
        s = plan_folder_open(folder, o, world);
    if (!s.code) {
        p->input = o->inputs.items[0];
        job_shape_add_process(&p->shape, &p->memory);
        log_init(comm_rank(world) == 0, true);
        s = measure(p, &x, folder, o, world);
        log_init(comm_rank(world) == 0, o->quiet);
        plan_folder_remove(folder, world);
    }
    close_source(&x);
    if (s.code)
        return s;
    spill(p, o);
    return job_shape_check(&p->shape, o, world, &p->memory, "use more ranks or fewer threads");
}
