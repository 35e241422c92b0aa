// SPDX-License-Identifier: Apache-2.0
/* What the rooms of this folder share about a communicator. */
#ifndef WORDSHARD_COMM_INTERNAL_H
#define WORDSHARD_COMM_INTERNAL_H

#include <mpi.h>

#include "comm.h"

struct comm {
    MPI_Comm mpi;
    int rank, size;
};

#endif
