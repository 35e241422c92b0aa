// SPDX-License-Identifier: Apache-2.0
#include "yaml_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

status yaml_file_error(const yaml_file *f, const yaml_node_t *node, const char *message) {
    return status_error(STATUS_USAGE, "%s:%zu: %s", f->path, node->start_mark.line + 1, message);
}

/* ---- opening */

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
        s = status_error(STATUS_USAGE, "%s:%zu: a second document; all must be in one", path,
                         document.start_mark.line + 1);
    yaml_document_delete(&document);
    return s;
}

static status parse(yaml_file *f, yaml_parser_t *parser) {
    if (!yaml_parser_load(parser, &f->document))
        return not_yaml(f->path, parser);
    f->is_open = true;
    return yaml_file_root(f) ? check_end(parser, f->path) : status_ok();
}

status yaml_file_open(yaml_file *f, const char *path, const char *what) {
    char doing[64];
    *f = (yaml_file){.path = path};
    snprintf(doing, sizeof doing, "cannot open the %s", what);
    FILE *in = fopen(path, "rb");
    if (!in)
        return status_errno(errno, doing, path);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        fclose(in);
        return status_error(STATUS_INTERNAL, "libyaml could not start");
    }
    yaml_parser_set_input_file(&parser, in);
    const status s = parse(f, &parser);
    yaml_parser_delete(&parser);
    fclose(in);
    return s;
}

void yaml_file_close(yaml_file *f) {
    if (f->is_open)
        yaml_document_delete(&f->document);
    f->is_open = false;
}

/* ---- looking */

const yaml_node_t *yaml_file_root(yaml_file *f) {
    return yaml_document_get_root_node(&f->document);
}

const yaml_node_t *yaml_file_node(yaml_file *f, int id) {
    return yaml_document_get_node(&f->document, id);
}

/* YAML may write NUL as \0; here it would cut what is behind it. */
status yaml_file_text(const yaml_file *f, const yaml_node_t *node, const char *expected,
                      const char **text) {
    if (node->type != YAML_SCALAR_NODE)
        return yaml_file_error(f, node, expected);
    if (memchr(node->data.scalar.value, 0, node->data.scalar.length))
        return yaml_file_error(f, node, "a NUL byte in a value");
    *text = (const char *)node->data.scalar.value;
    return status_ok();
}

status yaml_file_each_pair(yaml_file *f, const yaml_node_t *node, const char *expected,
                           status (*visit)(void *context, const yaml_node_t *key,
                                           const yaml_node_t *value),
                           void *context) {
    if (node->type != YAML_MAPPING_NODE)
        return yaml_file_error(f, node, expected);
    status s = status_ok();
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         !s.code && pair < node->data.mapping.pairs.top; pair++)
        s = visit(context, yaml_file_node(f, pair->key), yaml_file_node(f, pair->value));
    return s;
}

status yaml_file_each_item(yaml_file *f, const yaml_node_t *node,
                           status (*visit)(void *context, const yaml_node_t *item), void *context) {
    status s = status_ok();
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         !s.code && item < node->data.sequence.items.top; item++)
        s = visit(context, yaml_file_node(f, *item));
    return s;
}
