// SPDX-License-Identifier: Apache-2.0
/* What a run's provenance says about how it was made, as text; empty where it says nothing (an
 * imported run). */
#ifndef WORDSHARD_RUN_FACTS_H
#define WORDSHARD_RUN_FACTS_H

#include "run_file.h"

enum { RUN_FACT = 64 };

typedef struct {
    char model[RUN_FACT], objective[RUN_FACT], schedule[RUN_FACT], bootstrap[RUN_FACT];
    char seed_init[RUN_FACT], seed_sample[RUN_FACT], seed_order[RUN_FACT]; /* as used */
    char ranks[RUN_FACT], threads[RUN_FACT];
} run_facts;

/* Local. */
status run_facts_read(run_facts *facts, const run_file *run);

#endif
