#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much of sgemm's speed does full softmax keep? See softmax.c. Usage: ./dev bench softmax
# OpenBLAS that is older than the processor needs OPENBLAS_CORETYPE (docs/install.md).
set -euo pipefail
exec "${BUILD:-build/release}/benchmarks/bench_softmax"
