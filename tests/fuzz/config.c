// SPDX-License-Identifier: Apache-2.0
/* A configuration file for every command: what is accepted is within the bounds of the table, and
 * its text, as the provenance stores it, gives the same value again. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "options.h"
#include "options_table.h"

typedef struct {
    const options *first;
    options second;
    int command;
} copy;

static const void *field(const options *o, const option_row *row) {
    return (const char *)o + row->offset;
}

static bool is_same(const options *a, const options *b, const option_row *row) {
    const size_t sizes[] = {[OPTION_flag] = sizeof(bool),       [OPTION_whole] = sizeof(int64_t),
                            [OPTION_real] = sizeof(double),     [OPTION_size] = sizeof(int64_t),
                            [OPTION_duration] = sizeof(double), [OPTION_choice] = sizeof(int)};
    return !memcmp(field(a, row), field(b, row), sizes[row->kind]);
}

/* Only of what was given: a default may be outside of the bounds, which says "not given". */
static void set_again(void *context, const char *name, const char *value) {
    copy *c = context;
    size_t n;
    const option_row *row = option_find(name, strlen(name), c->command);
    fuzz_claim(row != NULL, "an option that is listed can be found");
    const bool given = ((const bool *)&c->first->given)[row - option_table(&n)];
    if (!given || row->kind == OPTION_text || row->kind == OPTION_list)
        return;
    fuzz_accepted(option_set(&c->second, row, value), STATUS_OK);
    fuzz_claim(is_same(c->first, &c->second, row), "the text of a value gives the value");
}

static void read_config(int command, char *path) {
    char name[] = "--config";
    char *arguments[] = {name, path};
    options o;
    if (fuzz_accepted(options_read(&o, command, 2, arguments), STATUS_USAGE)) {
        copy c = {.first = &o, .command = command};
        options_each(&o, command, set_again, &c);
    }
    options_clear(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[] = "input";
    fuzz_file(path, data, size);
    for (int command = 1; command < C_ALL; command *= 2)
        read_config(command, path);
    fuzz_end();
    return 0;
}
