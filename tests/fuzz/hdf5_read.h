// SPDX-License-Identifier: Apache-2.0
/* Reading an HDF5 file as the commands do. */
#ifndef WORDSHARD_FUZZ_HDF5_READ_H
#define WORDSHARD_FUZZ_HDF5_READ_H

/* Open a file as what it says it is, read all of it, and walk over its members and attributes. */
void hdf5_read(const char *path);

#endif
