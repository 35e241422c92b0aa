// SPDX-License-Identifier: Apache-2.0
#include "options_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "options_table.h"

static status at_line(const char *path, const yaml_node_t *node, const char *message) {
    return status_error(STATUS_USAGE, "%s:%zu: %s", path, node->start_mark.line + 1, message);
}

/* YAML may write NUL as \0; here it would cut what is behind it. */
static bool has_nul(const yaml_node_t *scalar) {
    return memchr(scalar->data.scalar.value, 0, scalar->data.scalar.length) != NULL;
}

static status set_scalar(options *o, const option_row *row, const char *path,
                         const yaml_node_t *value) {
    if (value->type != YAML_SCALAR_NODE)
        return at_line(path, value, "a plain value is expected here");
    if (has_nul(value))
        return at_line(path, value, "a NUL byte in a value");
    status s = option_set(o, row, (const char *)value->data.scalar.value);
    return s.code ? at_line(path, value, s.message) : s;
}

static status set_value(options *o, const option_row *row, const char *path,
                        yaml_document_t *document, const yaml_node_t *value) {
    if (row->kind != OPTION_list || value->type != YAML_SEQUENCE_NODE)
        return set_scalar(o, row, path, value);
    status s = status_ok();
    for (yaml_node_item_t *item = value->data.sequence.items.start;
         !s.code && item < value->data.sequence.items.top; item++)
        s = set_scalar(o, row, path, yaml_document_get_node(document, *item));
    return s;
}

static status set_pair(options *o, int command, const bool *given, const char *path,
                       yaml_document_t *document, const yaml_node_pair_t *pair) {
    const yaml_node_t *key = yaml_document_get_node(document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(document, pair->value);
    size_t n;
    if (key->type != YAML_SCALAR_NODE || has_nul(key))
        return at_line(path, key, "the name of an option is expected here");
    const char *name = (const char *)key->data.scalar.value;
    if (!option_find(name, strlen(name), C_ALL) && !option_find(name, strlen(name), command)) {
        status s = status_error(STATUS_USAGE, "unknown option %s", name);
        return at_line(path, key, s.message);
    }
    /* One file may serve several commands: options of the others are left alone. */
    const option_row *row = option_find(name, strlen(name), command);
    if (!row || given[row - option_table(&n)] || !strcmp(name, "config"))
        return status_ok();
    option_mark_given(o, row);
    return set_value(o, row, path, document, value);
}

static status read_document(options *o, int command, const bool *given, const char *path,
                            yaml_document_t *document) {
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (!root)
        return status_ok();
    if (root->type != YAML_MAPPING_NODE)
        return at_line(path, root, "expected lines of the form 'option: value'");
    status s = status_ok();
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         !s.code && pair < root->data.mapping.pairs.top; pair++)
        s = set_pair(o, command, given, path, document, pair);
    return s;
}

static status not_yaml(const char *path, const yaml_parser_t *parser) {
    return status_error(STATUS_USAGE, "%s:%zu: not YAML: %s", path, parser->problem_mark.line + 1,
                        parser->problem ? parser->problem : "cannot be read");
}

/* Nothing may follow the one document, or it would be ignored. */
static status check_end(yaml_parser_t *parser, const char *path) {
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return not_yaml(path, parser);
    status s = status_ok();
    if (yaml_document_get_root_node(&document))
        s = status_error(STATUS_USAGE, "%s:%zu: a second document; all options must be in one",
                         path, document.start_mark.line + 1);
    yaml_document_delete(&document);
    return s;
}

static status read_parsed(options *o, int command, const bool *given, const char *path,
                          yaml_parser_t *parser) {
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return not_yaml(path, parser);
    const bool is_empty = !yaml_document_get_root_node(&document);
    status s = read_document(o, command, given, path, &document);
    yaml_document_delete(&document);
    return s.code || is_empty ? s : check_end(parser, path);
}

status options_read_config(options *o, int command, const bool *given) {
    const char *path = o->config;
    FILE *f = fopen(path, "rb");
    if (!f)
        return status_errno(errno, "cannot open the configuration", path);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        fclose(f);
        return status_error(STATUS_INTERNAL, "libyaml could not start");
    }
    yaml_parser_set_input_file(&parser, f);
    status s = read_parsed(o, command, given, path, &parser);
    yaml_parser_delete(&parser);
    fclose(f);
    return s;
}
