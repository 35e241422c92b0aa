// SPDX-License-Identifier: Apache-2.0
/* --config: a YAML mapping of option names to values; a list option may have a sequence. */
#ifndef WORDSHARD_OPTIONS_CONFIG_H
#define WORDSHARD_OPTIONS_CONFIG_H

#include <stdbool.h>

#include "options.h"

/* Set the options of o->config that are not given[row] on the command line. STATUS_USAGE names
 * file, line and option. */
status options_read_config(options *o, int command, const bool *given);

#endif
