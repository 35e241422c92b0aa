#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How close do the kernels come to the processor's peak? See kernels.c. Usage: ./dev bench kernels
set -euo pipefail
exec "${BUILD:-build/release}/benchmarks/bench_kernels"
