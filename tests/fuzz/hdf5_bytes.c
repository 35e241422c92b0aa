// SPDX-License-Identifier: Apache-2.0
/* The bytes of an HDF5 file of ours, damaged. */
#include "fuzz.h"
#include "hdf5_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hdf5_read(fuzz_file("input", data, size));
    fuzz_end();
    return 0;
}
