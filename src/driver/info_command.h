// SPDX-License-Identifier: Apache-2.0
/* info --command: the command line that makes a file of ours again. */
#ifndef WORDSHARD_INFO_COMMAND_H
#define WORDSHARD_INFO_COMMAND_H

#include "h5.h"
#include "shell_words.h"

/* Local. Options that differ from the defaults, and all that the run chose for itself and that its
 * result depends on. STATUS_INPUT if the file does not say what it was made from. The caller clears
 * line. */
status info_command(h5_file *file, shell_words *line);

#endif
