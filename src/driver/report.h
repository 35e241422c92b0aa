// SPDX-License-Identifier: Apache-2.0
/* The report: what the sections of the page share. Everything that is shown is first put into
 * tables of `data`, which become report.json and the files of report.files/; the page is made of
 * them. */
#ifndef WORDSHARD_REPORT_H
#define WORDSHARD_REPORT_H

#include "chart.h"
#include "comm.h"
#include "embedding.h"
#include "options.h"
#include "page.h"
#include "result.h"

typedef struct {
    const char *path;
    char *label; /* its name on the page: short, no other file's */
    embedding words;
    bool is_open;
} report_run;

typedef struct {
    const char *path;
    char *label;
    result found;
} report_result;

typedef struct {
    const options *o;
    const comm *world;
    report_run *runs; /* [n_runs] */
    int n_runs;
    report_result *results; /* [n_results] */
    int n_results;
    char **words; /* [n_words] whose neighbours are shown */
    int n_words;
    size_t words_room;
    double tsne_divergence, tsne_perplexity, shares[2]; /* of the map */
    result data;                                        /* rank 0 */
    page page;                                          /* rank 0 */
    char *csv;                                          /* folder of the CSV files, as linked */
    int figures, tables;                                /* numbered so far */
    char plotter[64];                                   /* gnuplot's version */
} report;

/* ---- report_open.c */

/* Collective. Open the files of the command line and sort them into runs and results. r: zeros,
 * but for plotter and a page without a file. The caller closes, also after a failure. */
status report_open(report *r, const options *o, const comm *world);
void report_close(report *r);

/* ---- what is computed, collective; rank 0 gets the tables */

/* report_words.c: choose the words, then the table "neighbours" (over runs) and
 * "neighbours_epochs" (over epochs of the first run that has snapshots). */
status report_find_neighbours(report *r);
/* report_map.c: the table "map". */
status report_find_map(report *r);

/* ---- report_data.c: tables, on rank 0 */

/* A table of a result under the name COMMAND_TABLE, with a number if there are several results of
 * the command; NULL when the result has no such table or it is empty. */
const result_table *report_take(report *r, const report_result *from, const char *table);
/* Up to `most` rows of t, largest or smallest by a column first, into rows; NaN is left out.
 * Returns how many; *s is set on failure. */
int64_t report_best(const result_table *t, const char *by, bool largest, int64_t most,
                    int64_t *rows, status *s);
enum { REPORT_SELECTED = 100 };
/* They, at most REPORT_SELECTED, as a new table. NULL when nothing is left. */
const result_table *report_select(report *r, const result_table *t, const char *name,
                                  const char *title, const char *by, bool largest, int64_t most);
/* Names of tables: NAME, or NAMEn for the n-th result of its command. */
const char *report_name(const report *r, const report_result *from, const char *name,
                        char text[128]);
/* A name for people: "displacement_aligned" is "displacement, aligned". */
const char *report_heading(const char *name, char text[128]);
/* Bytes of the folder that n paths have in common, with its last slash. */
size_t report_common_folder(int64_t n, const char *(*path_at)(const void *of, int64_t i),
                            const void *of);
/* What follows it, without .h5. */
void report_label(const char *path, size_t common, char text[128]);
/* A run of a result, by its path in the table runs. */
const char *report_run_label(const report_result *from, double run, char text[128]);
/* What changed from a to b: "1990s → 2000s" by the names in the table periods, or "1 → 2". */
const char *report_step(const report_result *from, int64_t a, int64_t b, char text[256]);
/* The table bins with text for its plots: series (the step, or ""), bin from 1, ranks ("1-100"),
 * then those of its columns that are named (NULL at the end). NULL without bins. */
const result_table *report_bins(report *r, const report_result *from, const char *const *columns);
/* report.json and report.files/. */
status report_write_data(report *r);

/* ---- report_html.c: parts of the page, on rank 0 */

void report_begin_page(report *r, const char *const *sections, const char *const *titles);
void report_end_page(report *r);
/* <section id>, a heading, a paragraph of markup. */
void report_begin_section(report *r, const char *id, const char *title, const char *lead);
void report_end_section(report *r);
/* The name of a result as a heading, where there are several. */
void report_put_name(report *r, const report_result *from);

/* A figure is begun, charts are drawn into it, and it is ended by its caption: a title and markup
 * that tells how to read it; data: what to look up in the CSV, or NULL. */
void report_begin_figure(report *r, bool panels);
void report_end_figure(report *r, const char *title, const char *how, const result_table *data);
/* Panels side by side: a chart of lines for each of the columns (NULL at the end) that has numbers;
 * spec: what they have in common. Returns how many. */
status report_panels(report *r, const chart_lines *spec, const char *const *columns, int *n);
/* An id for the next chart: "f3a"; letter counts the charts of a figure from 0. */
const char *report_chart_id(const report *r, int letter, char text[16]);

/* A table with its caption: columns by name, NULL at the end (NULL = all); "low" and "high" become
 * one column, the interval; at most so many rows (0 = all), the CSV is named for the rest. */
void report_table(report *r, const result_table *t, const char *const *columns, int64_t most,
                  const char *title, const char *how);

/* ---- the sections, on rank 0: whether there is something to show, and showing it */

typedef struct {
    const char *id, *title;
    bool (*has)(const report *r);
    status (*write)(report *r);
} report_section;

extern const report_section report_summary, report_stability, report_training, report_epochs,
    report_periods, report_spectrum, report_neighbours, report_map, report_provenance;

/* Of more results than these not each has figures of its own. */
enum { REPORT_FEW = 3 };

/* Results of a command that have rows in a table. */
int report_count(const report *r, const char *command, const char *table);

#endif
