# SPDX-License-Identifier: Apache-2.0
# Every library that wordshard uses; packages.txt names the Debian packages that bring them.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(ZLIB REQUIRED)

set(HDF5_PREFER_PARALLEL TRUE)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "wordshard needs an HDF5 built with MPI (found a serial one in ${HDF5_C_INCLUDE_DIRS}); "
    "load a parallel HDF5 module or set HDF5_ROOT")
endif()
add_library(HDF5::Parallel INTERFACE IMPORTED)
target_include_directories(HDF5::Parallel INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_compile_definitions(HDF5::Parallel INTERFACE ${HDF5_C_DEFINITIONS})
target_link_libraries(HDF5::Parallel INTERFACE ${HDF5_C_LIBRARIES} MPI::MPI_C)

set(BLA_VENDOR OpenBLAS)
find_package(BLAS)
if(NOT BLAS_FOUND)
  unset(BLA_VENDOR)
  find_package(BLAS REQUIRED)
endif()
find_package(LAPACK REQUIRED) # OpenBLAS brings it

# By its library: Debian's scalapack-config.cmake names files that no package has. BLACS is inside.
find_library(SCALAPACK_LIBRARY NAMES scalapack scalapack-openmpi HINTS ENV SCALAPACK_ROOT PATH_SUFFIXES lib)
if(NOT SCALAPACK_LIBRARY)
  message(FATAL_ERROR "wordshard needs ScaLAPACK; load its module or set SCALAPACK_ROOT")
endif()
add_library(ScaLAPACK::ScaLAPACK INTERFACE IMPORTED)
target_link_libraries(ScaLAPACK::ScaLAPACK INTERFACE ${SCALAPACK_LIBRARY} LAPACK::LAPACK BLAS::BLAS MPI::MPI_C)

find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
if(WORDSHARD_TESTS)
  pkg_check_modules(CUNIT REQUIRED IMPORTED_TARGET cunit)
endif()
