// SPDX-License-Identifier: Apache-2.0
/* --help and docs/options.md, from the table. */
#include <stdio.h>
#include <string.h>

#include "command_table.h"
#include "options_table.h"

/* Whether every command has the option. */
static bool is_common(const option_row *row) {
    return (row->commands & C_ALL) == C_ALL;
}

static void print_usage(FILE *out, const option_row *row) {
    char left[128], letter[8] = "    ";
    if (row->short_name)
        snprintf(letter, sizeof letter, "-%c, ", row->short_name);
    const char *value = row->kind == OPTION_flag ? "" : *row->choices ? row->choices : "X";
    snprintf(left, sizeof left, "%s--%s %s", letter, row->name, value);
    fprintf(out, "  %-30s %s%s", left,
            strlen(left) > 30 ? "\n                                 " : "", row->help);
    if (*row->preset && row->kind != OPTION_flag)
        fprintf(out, " [%s]", row->preset);
    fputc('\n', out);
}

void options_help(FILE *out, int command) {
    size_t n;
    const option_row *rows = option_table(&n);
    const command_row *c = command_by_bit(command);
    fprintf(out, "usage: wordshard %s %s\n\n%s\n\n", c->name, c->arguments, c->help);
    for (size_t i = 0; i < n; i++)
        if ((rows[i].commands & command) && !is_common(&rows[i]))
            print_usage(out, &rows[i]);
    fputs("\nfor every command:\n", out);
    for (size_t i = 0; i < n; i++)
        if (is_common(&rows[i]))
            print_usage(out, &rows[i]);
}

static void print_row(FILE *out, const option_row *row) {
    fprintf(out, "| `--%s`", row->name);
    if (row->short_name)
        fprintf(out, ", `-%c`", row->short_name);
    fputs(" | ", out);
    for (const char *c = row->choices; *c; c++)
        fprintf(out, *c == '|' ? ", " : "%c", *c);
    fprintf(out, " | %s | ", *row->preset ? row->preset : "");
    if (row->kind == OPTION_whole || row->kind == OPTION_real || row->kind == OPTION_duration)
        fprintf(out, "%.6g to %.6g", row->lowest, row->highest);
    fprintf(out, " | %s |\n", row->help);
}

static void print_table(FILE *out, int command) {
    size_t n;
    const option_row *rows = option_table(&n);
    fputs("| option | value | default | bounds | meaning |\n|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < n; i++)
        if (command == C_ALL ? is_common(&rows[i])
                             : (rows[i].commands & command) && !is_common(&rows[i]))
            print_row(out, &rows[i]);
}

void options_markdown(FILE *out) {
    fputs("# Options\n"
          "Made by `wordshard help --markdown`; a test compares. Sizes: 512M, 8G. Times: 90s, 15m, "
          "12h. `--config FILE` takes the same names, without the dashes, as YAML.\n",
          out);
    size_t n;
    const command_row *commands = command_table(&n);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "\n## %s\n`wordshard %s %s`\n\n%s\n\n", commands[i].name, commands[i].name,
                commands[i].arguments, commands[i].help);
        print_table(out, commands[i].bit);
    }
    fputs("\n## every command\n", out);
    print_table(out, C_ALL);
}
