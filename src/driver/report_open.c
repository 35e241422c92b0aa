// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "memory.h"
#include "report.h"

static status read_result(report *r, const char *path) {
    report_result *to = &r->results[r->n_results++];
    const group alone = group_alone();
    h5_file *file = NULL;
    to->path = path;
    status s = h5_open(&file, path, RESULT_FILE_KIND, &alone);
    if (!s.code)
        s = result_read(&to->found, file);
    if (file)
        h5_close(&file);
    return s;
}

static status read_run(report *r, const char *path) {
    report_run *to = &r->runs[r->n_runs++];
    to->path = path;
    to->is_open = true;
    return embedding_open(&to->words, path, r->o, r->world);
}

/* Every rank reads the results: they are small. */
static status read_file(report *r, const char *path) {
    enum { RUN, RESULT };
    char kind[64];
    int64_t what = RUN;
    if (comm_rank(r->world) == 0) {
        h5_kind(path, kind, sizeof kind);
        what = strcmp(kind, RESULT_FILE_KIND) ? RUN : RESULT;
    }
    comm_broadcast(r->world, 0, &what, sizeof what);
    return what == RUN ? read_run(r, path) : comm_agree(r->world, read_result(r, path));
}

/* ---- names: runs among runs, results among results */

static const char *run_at(const void *of, int64_t i) {
    return ((const report_run *)of)[i].path;
}

static const char *result_at(const void *of, int64_t i) {
    return ((const report_result *)of)[i].path;
}

static status name_files(report *r) {
    const size_t runs = report_common_folder(r->n_runs, run_at, r->runs),
                 results = report_common_folder(r->n_results, result_at, r->results);
    status s = status_ok();
    char text[128];
    for (int i = 0; i < r->n_runs && !s.code; i++) {
        report_label(r->runs[i].path, runs, text);
        s = mem_string(&r->runs[i].label, text);
    }
    for (int i = 0; i < r->n_results && !s.code; i++) {
        report_label(r->results[i].path, results, text);
        s = mem_string(&r->results[i].label, text);
    }
    return s;
}

status report_open(report *r, const options *o, const comm *world) {
    const size_t n = (size_t)o->inputs.n;
    r->o = o;
    r->world = world;
    status s = mem_new(&r->runs, n, sizeof *r->runs, "runs");
    if (!s.code)
        s = mem_new(&r->results, n, sizeof *r->results, "results");
    if (!s.code)
        s = result_init(&r->data, "report");
    s = comm_agree(world, s);
    for (size_t i = 0; i < n && !s.code; i++)
        s = read_file(r, o->inputs.items[i]);
    return s.code ? s : comm_agree(world, name_files(r));
}

void report_close(report *r) {
    for (int i = 0; i < r->n_runs; i++) {
        if (r->runs[i].is_open)
            embedding_close(&r->runs[i].words);
        mem_free(&r->runs[i].label);
    }
    for (int i = 0; i < r->n_results; i++) {
        result_clear(&r->results[i].found);
        mem_free(&r->results[i].label);
    }
    for (int i = 0; i < r->n_words; i++)
        mem_free(&r->words[i]);
    mem_free(&r->words);
    mem_free(&r->runs);
    mem_free(&r->results);
    mem_free(&r->csv);
    result_clear(&r->data);
    page_clear(&r->page);
}
