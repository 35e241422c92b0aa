// SPDX-License-Identifier: Apache-2.0
#include "options_config.h"

#include <string.h>

#include "options_table.h"
#include "yaml_file.h"

typedef struct {
    options *o;
    int command;
    const bool *given;
    yaml_file file;
    const option_row *row; /* of the sequence that is being read */
} reading;

static status set_scalar(void *context, const yaml_node_t *value) {
    reading *r = context;
    const char *text;
    status s = yaml_file_text(&r->file, value, "a plain value is expected here", &text);
    if (s.code)
        return s;
    s = option_set(r->o, r->row, text);
    return s.code ? yaml_file_error(&r->file, value, s.message) : s;
}

static status set_pair(void *context, const yaml_node_t *key, const yaml_node_t *value) {
    reading *r = context;
    const char *name;
    size_t n;
    status s = yaml_file_text(&r->file, key, "the name of an option is expected here", &name);
    if (s.code)
        return s;
    if (!option_find(name, strlen(name), C_ALL) && !option_find(name, strlen(name), r->command)) {
        s = status_error(STATUS_USAGE, "unknown option %s", name);
        return yaml_file_error(&r->file, key, s.message);
    }
    /* One file may serve several commands: options of the others are left alone. */
    r->row = option_find(name, strlen(name), r->command);
    if (!r->row || r->given[r->row - option_table(&n)] || !strcmp(name, "config"))
        return status_ok();
    option_mark_given(r->o, r->row);
    if (r->row->kind == OPTION_list && value->type == YAML_SEQUENCE_NODE)
        return yaml_file_each_item(&r->file, value, set_scalar, r);
    return set_scalar(r, value);
}

status options_read_config(options *o, int command, const bool *given) {
    reading r = {.o = o, .command = command, .given = given};
    status s = yaml_file_open(&r.file, o->config, "configuration");
    if (!s.code && yaml_file_root(&r.file))
        s = yaml_file_each_pair(&r.file, yaml_file_root(&r.file),
                                "expected lines of the form 'option: value'", set_pair, &r);
    yaml_file_close(&r.file);
    return s;
}
