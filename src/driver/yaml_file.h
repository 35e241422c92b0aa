// SPDX-License-Identifier: Apache-2.0
/* Files of YAML that hold one document, with messages that name file and line. */
#ifndef WORDSHARD_YAML_FILE_H
#define WORDSHARD_YAML_FILE_H

#include <stdbool.h>
#include <yaml.h>

#include "status.h"

typedef struct {
    const char *path;
    yaml_document_t document;
    bool is_open;
} yaml_file;

/* what: "configuration", for the message when it cannot be opened. STATUS_USAGE: not YAML, or more
 * than one document. path must outlive f. Close f also after a failure. */
status yaml_file_open(yaml_file *f, const char *path, const char *what);
void yaml_file_close(yaml_file *f);

/* NULL for an empty document. */
const yaml_node_t *yaml_file_root(yaml_file *f);
const yaml_node_t *yaml_file_node(yaml_file *f, int id);

/* STATUS_USAGE "PATH:LINE: MESSAGE". */
status yaml_file_error(const yaml_file *f, const yaml_node_t *node, const char *message);

/* The text of a scalar, which f owns; STATUS_USAGE with the message for other nodes. */
status yaml_file_text(const yaml_file *f, const yaml_node_t *node, const char *expected,
                      const char **text);

/* Call visit for each pair of a mapping, which node must be, or for each item of a sequence, until
 * one fails. */
status yaml_file_each_pair(yaml_file *f, const yaml_node_t *node, const char *expected,
                           status (*visit)(void *context, const yaml_node_t *key,
                                           const yaml_node_t *value),
                           void *context);
status yaml_file_each_item(yaml_file *f, const yaml_node_t *node,
                           status (*visit)(void *context, const yaml_node_t *item), void *context);

#endif
