// SPDX-License-Identifier: Apache-2.0
/* report: one page with the plots and tables of runs and results. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "drawing.h"
#include "log.h"
#include "memory.h"
#include "output.h"
#include "report.h"

static const report_section *const sections[] = {
    &report_summary,  &report_stability,  &report_periods, &report_training,  &report_epochs,
    &report_spectrum, &report_neighbours, &report_map,     &report_provenance};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

/* Before anything is computed. Collective. */
static status check(report *r, const options *o, const comm *world) {
    if (!o->inputs.n)
        return status_error(STATUS_USAGE,
                            "runs or results are needed: wordshard report FILE... -o report.html");
    status s = common_check_output(o, world);
    if (!s.code && comm_rank(world) == 0)
        s = drawing_check(r->plotter, sizeof r->plotter);
    return comm_agree(world, s);
}

static status write_sections(report *r) {
    const char *ids[N_SECTIONS + 1] = {0}, *titles[N_SECTIONS + 1] = {0};
    status s = status_ok();
    bool there[N_SECTIONS];
    for (int i = 0, n = 0; i < N_SECTIONS; i++)
        if ((there[i] = sections[i]->has(r))) {
            ids[n] = sections[i]->id;
            titles[n++] = sections[i]->title;
        }
    report_begin_page(r, ids, titles);
    for (int i = 0; i < N_SECTIONS && !s.code; i++)
        if (there[i])
            s = sections[i]->write(r);
    report_end_page(r);
    return s;
}

/* The folder of CSV files as the page names it: beside it. */
static status name_folder(report *r) {
    const char *slash = strrchr(r->o->output, '/'), *base = slash ? slash + 1 : r->o->output;
    const size_t n = strlen(base);
    const bool html = n > 5 && !strcmp(base + n - 5, ".html");
    status s = mem_new(&r->csv, n + 16, 1, "a path");
    if (!s.code)
        sprintf(r->csv, "%.*s.files", (int)(html ? n - 5 : n), base);
    return s;
}

/* Rank 0. The page gets its name last: then everything is there. */
static status write_report(report *r) {
    status s = name_folder(r);
    if (!s.code)
        s = page_open(&r->page, r->o->output);
    if (!s.code)
        s = write_sections(r);
    if (!s.code)
        s = report_write_data(r);
    return s.code ? s : page_close(&r->page);
}

static status tell(const report *r) {
    if (r->o->json)
        return output_json(json_pack("{s:s, s:o, s:i, s:i, s:i, s:i, s:I}", "command", "report",
                                     "page", output_text(r->o->output), "runs", r->n_runs,
                                     "results", r->n_results, "figures", r->figures, "words",
                                     r->n_words, "tables", (json_int_t)r->data.n_tables));
    printf("%s: %d figures of %d runs and %d results; numbers in %s\n", r->o->output, r->figures,
           r->n_runs, r->n_results, r->csv);
    return status_ok();
}

status command_report(const options *o, const comm *world) {
    report r = {.page.file.descriptor = -1};
    status s = check(&r, o, world);
    if (s.code)
        return s;
    s = report_open(&r, o, world);
    if (!s.code)
        s = report_find_neighbours(&r);
    if (!s.code)
        s = report_find_map(&r);
    if (!s.code && comm_rank(world) == 0)
        s = write_report(&r);
    s = comm_agree(world, s);
    if (!s.code && comm_rank(world) == 0)
        s = tell(&r);
    report_close(&r);
    return s;
}
