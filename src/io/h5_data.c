// SPDX-License-Identifier: Apache-2.0
/* Datasets: creating, writing from many processes, reading. */
#include "h5_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"

static const int64_t CHUNK_BYTES = 1 << 20;
static const int64_t CALL_BYTES = 256 << 20; /* moved at most by one process in one call */
enum { STRING_LEVEL = 6 };                   /* of deflate: padding is what it removes */

static hid_t memory_type(h5_type type) {
    switch (type) {
    case H5_U8:
        return H5T_NATIVE_UINT8;
    case H5_I32:
        return H5T_NATIVE_INT32;
    case H5_I64:
        return H5T_NATIVE_INT64;
    case H5_F32:
        return H5T_NATIVE_FLOAT;
    case H5_F64:
        return H5T_NATIVE_DOUBLE;
    case H5_U32:
        return H5T_NATIVE_UINT32;
    case H5_U64:
        return H5T_NATIVE_UINT64;
    }
    return -1;
}

static hid_t disk_type(h5_type type) {
    switch (type) {
    case H5_U8:
        return H5T_STD_U8LE;
    case H5_I32:
        return H5T_STD_I32LE;
    case H5_I64:
        return H5T_STD_I64LE;
    case H5_F32:
        return H5T_IEEE_F32LE;
    case H5_F64:
        return H5T_IEEE_F64LE;
    case H5_U32:
        return H5T_STD_U32LE;
    case H5_U64:
        return H5T_STD_U64LE;
    }
    return -1;
}

static const char *type_name(int type) {
    static const char *const names[] = {"uint8",   "int32",  "int64", "float32",
                                        "float64", "uint32", "uint64"};
    return type < 0 ? "another type" : names[type];
}

static int64_t type_bytes(int type) {
    static const int64_t bytes[] = {1, 4, 8, 4, 8, 4, 8};
    return type < 0 ? 1 : bytes[type];
}

/* ---- datasets that are kept open */

static void close_slot(h5_slot *slot) {
    if (slot->name)
        H5Dclose(slot->id);
    mem_free(&slot->name);
    slot->pinned = false;
}

void h5_close_slots(h5_file *f) {
    for (int i = 0; i < H5_OPEN_DATASETS; i++)
        close_slot(&f->slots[i]);
}

/* What one process has written lies in a cache and goes to the disk now: without this a failure
 * would be met, or not, when the file is closed, and the dataset be read as zeros meanwhile. */
static status end_slot(h5_file *f, h5_slot *slot, status s) {
    if (!s.code && f->g.size == 1 && slot->name && H5Dflush(slot->id) < 0) {
        s = h5_failure_writing(f, slot->name);
        h5_write_nowhere(f);
    }
    close_slot(slot);
    return s;
}

static h5_slot *find_slot(h5_file *f, const char *name) {
    for (int i = 0; i < H5_OPEN_DATASETS; i++)
        if (f->slots[i].name && strcmp(f->slots[i].name, name) == 0)
            return &f->slots[i];
    return NULL;
}

static h5_slot *free_slot(h5_file *f) {
    for (int i = 0; i < H5_OPEN_DATASETS; i++)
        if (!f->slots[i].name)
            return &f->slots[i];
    for (int i = 0; i < H5_OPEN_DATASETS; i++) {
        h5_slot *slot = &f->slots[f->next_slot++ % H5_OPEN_DATASETS];
        if (!slot->pinned) {
            close_slot(slot);
            return slot;
        }
    }
    fprintf(stderr, "%s: more than %d datasets are being written\n", f->partial, H5_OPEN_DATASETS);
    abort();
}

static int our_type(hid_t dataset) {
    hid_t stored = H5Dget_type(dataset);
    hid_t native = stored < 0 ? -1 : H5Tget_native_type(stored, H5T_DIR_ASCEND);
    int found = -1;
    for (int t = H5_U8; native >= 0 && t <= H5_U64; t++)
        if (H5Tequal(native, memory_type((h5_type)t)) > 0)
            found = t;
    if (native >= 0)
        H5Tclose(native);
    if (stored >= 0)
        H5Tclose(stored);
    return found;
}

/* Rows and columns; false when it has none or more than two dimensions. */
static bool get_shape(hid_t dataset, int64_t *rows, int64_t *columns) {
    hid_t space = H5Dget_space(dataset);
    hsize_t dims[2] = {0, 0};
    int n = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    bool good = (n == 1 || n == 2) && H5Sget_simple_extent_dims(space, dims, NULL) == n &&
                dims[0] <= INT64_MAX / 16 && dims[1] <= INT64_MAX / 16 && (n == 1 || dims[1] > 0);
    if (space >= 0)
        H5Sclose(space);
    *rows = (int64_t)dims[0];
    *columns = n == 2 ? (int64_t)dims[1] : 0;
    return good;
}

static size_t element_bytes(hid_t dataset) {
    hid_t type = H5Dget_type(dataset);
    size_t bytes = type < 0 ? 0 : H5Tget_size(type);
    if (type >= 0)
        H5Tclose(type);
    return bytes;
}

static bool is_filtered(hid_t dataset) {
    hid_t how = H5Dget_create_plist(dataset);
    bool filtered = how >= 0 && H5Pget_nfilters(how) > 0;
    if (how >= 0)
        H5Pclose(how);
    return filtered;
}

/* Nothing that the file cannot hold is believed, so that a damaged shape never becomes a huge
 * allocation. Deflate shrinks at most 1032 times. */
static bool shape_fits(const h5_file *f, const h5_slot *slot) {
    struct stat st;
    int64_t bytes;
    int64_t columns = slot->columns ? slot->columns : 1;
    if (__builtin_mul_overflow(slot->rows, columns, &bytes) ||
        __builtin_mul_overflow(bytes, (int64_t)element_bytes(slot->id), &bytes))
        return false;
    if (f->writing)
        return true;
    hsize_t stored = H5Dget_storage_size(slot->id);
    if (stat(f->path, &st) || stored > (hsize_t)st.st_size)
        return false;
    return (double)bytes <= (double)stored * (is_filtered(slot->id) ? 1040 : 1);
}

/* Fill a slot for an open dataset. */
static status describe_dataset(const h5_file *f, const char *name, h5_slot *slot) {
    slot->type = our_type(slot->id);
    if (!get_shape(slot->id, &slot->rows, &slot->columns))
        return status_error(STATUS_INPUT, "%s: %s is neither a column nor a table", h5_disk_name(f),
                            name);
    if (!shape_fits(f, slot))
        return status_error(STATUS_INPUT,
                            "%s: %s says it has %lld rows, more than the file holds; the file is "
                            "damaged",
                            h5_disk_name(f), name, (long long)slot->rows);
    return status_ok();
}

/* The dataset by name, opened if need be. */
static status get_slot(h5_file *f, const char *name, h5_slot **out) {
    *out = find_slot(f, name);
    if (*out)
        return status_ok();
    if (!h5_exists(f, name))
        return status_error(STATUS_INPUT, "%s: %s is missing", h5_disk_name(f), name);
    h5_slot fresh = {.id = H5Dopen2(f->id, name, H5P_DEFAULT)};
    if (fresh.id < 0)
        return h5_failure_reading(f, name);
    status s = describe_dataset(f, name, &fresh);
    if (!s.code)
        s = mem_string(&fresh.name, name);
    if (s.code) {
        H5Dclose(fresh.id);
        return s;
    }
    h5_slot *slot = free_slot(f);
    *slot = fresh;
    *out = slot;
    return s;
}

/* ---- creating */

static bool set_layout(hid_t how, const h5_dataset *d, int64_t element, bool deflate) {
    int64_t row = element * (d->columns ? d->columns : 1);
    if (H5Pset_fill_time(how, H5D_FILL_TIME_NEVER) < 0)
        return false;
    if (!d->checksum || d->rows == 0 || row == 0)
        return H5Pset_layout(how, H5D_CONTIGUOUS) >= 0 &&
               H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY) >= 0;
    int64_t rows = CHUNK_BYTES / row;
    rows = rows < 1 ? 1 : rows > d->rows ? d->rows : rows;
    const hsize_t chunk[2] = {(hsize_t)rows, (hsize_t)d->columns};
    return H5Pset_chunk(how, d->columns ? 2 : 1, chunk) >= 0 &&
           (!deflate || H5Pset_deflate(how, STRING_LEVEL) >= 0) && H5Pset_fletcher32(how) >= 0;
}

/* All processes call H5Dcreate2 with the same arguments; the caller agrees on the result. */
static hid_t create_dataset(h5_file *f, const h5_dataset *d, hid_t type, bool deflate) {
    const hsize_t dims[2] = {(hsize_t)d->rows, (hsize_t)d->columns};
    hid_t space = H5Screate_simple(d->columns ? 2 : 1, dims, NULL);
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    hid_t id = -1;
    if (space >= 0 && how >= 0 && set_layout(how, d, (int64_t)H5Tget_size(type), deflate))
        id = H5Dcreate2(f->id, d->name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    hid_t reason = h5_hold_reason();
    if (how >= 0)
        H5Pclose(how);
    if (space >= 0)
        H5Sclose(space);
    h5_release_reason(reason);
    return id;
}

static status begin_typed(h5_file *f, const h5_dataset *d, hid_t type, bool deflate,
                          h5_slot **out) {
    int64_t bytes;
    if (__builtin_mul_overflow(d->rows, (int64_t)H5Tget_size(type), &bytes) ||
        __builtin_mul_overflow(bytes, d->columns ? d->columns : 1, &bytes))
        return status_error(STATUS_INTERNAL, "%s: %s is too large", f->partial, d->name);
    status s = h5_reserve(f, bytes);
    if (!s.code)
        s = h5_make_groups(f, d->name, false);
    if (s.code)
        return s;
    h5_slot fresh = {.type = d->type, .rows = d->rows, .columns = d->columns};
    s = group_agree(&f->g, mem_string(&fresh.name, d->name));
    if (!s.code) {
        fresh.id = create_dataset(f, d, type, deflate);
        if (fresh.id < 0)
            s = h5_failure_together(f, d->name);
    }
    if (s.code) {
        mem_free(&fresh.name);
        return s;
    }
    *out = free_slot(f);
    **out = fresh;
    return s;
}

/* ---- moving rows */

/* One call of H5Dwrite or H5Dread. columns = 0 becomes 1; n = 0 takes part without data. */
typedef struct {
    hid_t dataset, type, transfer;
    int dimensions;
    int64_t columns;
    size_t stride; /* elements in memory from row to row */
} mover;

static bool select_rows(const mover *m, int64_t begin, int64_t n, hid_t disk, hid_t memory) {
    if (n == 0)
        return H5Sselect_none(disk) >= 0 && H5Sselect_none(memory) >= 0;
    const hsize_t from[2] = {(hsize_t)begin, 0}, zero[2] = {0, 0};
    const hsize_t count[2] = {(hsize_t)n, (hsize_t)m->columns};
    return H5Sselect_hyperslab(disk, H5S_SELECT_SET, from, NULL, count, NULL) >= 0 &&
           H5Sselect_hyperslab(memory, H5S_SELECT_SET, zero, NULL, count, NULL) >= 0;
}

/* Exactly one of source and target is given. */
static bool move_rows(const mover *m, int64_t begin, int64_t n, const void *source, void *target) {
    const hsize_t dims[2] = {(hsize_t)(n ? n : 1), (hsize_t)m->stride};
    hid_t disk = H5Dget_space(m->dataset);
    hid_t memory = H5Screate_simple(m->dimensions, dims, NULL);
    bool good = disk >= 0 && memory >= 0 && select_rows(m, begin, n, disk, memory);
    if (good && target)
        good = H5Dread(m->dataset, m->type, memory, disk, m->transfer, target) >= 0;
    else if (good)
        good = H5Dwrite(m->dataset, m->type, memory, disk, m->transfer, source) >= 0;
    hid_t reason = h5_hold_reason();
    if (disk >= 0)
        H5Sclose(disk);
    if (memory >= 0)
        H5Sclose(memory);
    h5_release_reason(reason);
    return good;
}

static mover mover_for(const h5_slot *slot, hid_t type, size_t stride, hid_t transfer) {
    int64_t columns = slot->columns ? slot->columns : 1;
    return (mover){.dataset = slot->id,
                   .type = type,
                   .transfer = transfer,
                   .dimensions = slot->columns ? 2 : 1,
                   .columns = columns,
                   .stride = slot->columns ? stride : 1};
}

static int64_t rows_per_call(const mover *m, int64_t element) {
    int64_t rows = CALL_BYTES / (element * (m->columns ? m->columns : 1));
    return rows < 1 ? 1 : rows;
}

static int64_t most_of(const h5_file *f, int64_t x) {
    long long mine = x, most = x;
    if (f->g.size > 1)
        MPI_Allreduce(&mine, &most, 1, MPI_LONG_LONG, MPI_MAX, MPI_Comm_f2c(f->g.handle));
    return most;
}

double h5_stored_bytes(double rows, double row_bytes) {
    const double fit = floor((double)CHUNK_BYTES / row_bytes);
    const double chunk = fmin(rows, fmax(1, fit));
    return rows > 0 ? ceil(rows / chunk) * chunk * row_bytes : 0;
}

double h5_write_bytes(double bytes, int n_processes, int n_on_node) {
    static const double gathered = 32 << 20; /* Open MPI's cycle of collective writing */
    const double call = bytes < (double)CALL_BYTES ? bytes : (double)CALL_BYTES;
    const double all = call * n_on_node < gathered ? call * n_on_node : gathered;
    return n_processes == 1 ? (double)CHUNK_BYTES : call + all / n_on_node;
}

/* Every process makes the same number of calls: filters need collective transfers. */
static status write_together(h5_file *f, const h5_slot *slot, int64_t begin, int64_t n,
                             const void *data, size_t stride) {
    const mover m = mover_for(slot, memory_type((h5_type)slot->type), stride, f->transfer);
    int64_t element = type_bytes(slot->type), step = rows_per_call(&m, element);
    int64_t calls = most_of(f, (n + step - 1) / step);
    static const char nothing[8];
    status s = status_ok();
    for (int64_t i = 0, done = 0; i < calls && !s.code; i++) {
        int64_t now = n - done < step ? n - done : step;
        const char *from = now ? (const char *)data + done * element * (int64_t)m.stride : nothing;
        bool good = move_rows(&m, begin + done, now, from, NULL);
        s = group_agree(&f->g, good ? status_ok() : h5_failure_together(f, slot->name));
        done += now;
    }
    return s;
}

status h5_write_begin(h5_file *f, const h5_dataset *d) {
    h5_slot *slot;
    status s = begin_typed(f, d, disk_type(d->type), false, &slot);
    if (!s.code)
        slot->pinned = true;
    return s;
}

status h5_write(h5_file *f, const h5_dataset *d, int64_t begin, int64_t n, const void *data,
                size_t stride) {
    h5_slot *slot;
    status s = begin_typed(f, d, disk_type(d->type), false, &slot);
    if (s.code)
        return s;
    if (d->rows > 0)
        s = write_together(f, slot, begin, n, data, stride);
    return end_slot(f, slot, s);
}

status h5_write_rows(h5_file *f, const char *name, int64_t begin, int64_t n, const void *data) {
    h5_slot *slot = find_slot(f, name);
    if (!slot || begin < 0 || n < 0 || begin > slot->rows - n)
        return status_error(STATUS_INTERNAL,
                            "%s: rows %lld + %lld of %s, which is not being "
                            "written or is shorter",
                            f->partial, (long long)begin, (long long)n, name);
    int64_t columns = slot->columns ? slot->columns : 1, element = type_bytes(slot->type);
    const mover m = mover_for(slot, memory_type((h5_type)slot->type), (size_t)columns, H5P_DEFAULT);
    int64_t step = rows_per_call(&m, element);
    for (int64_t done = 0; done < n; done += step) {
        int64_t now = n - done < step ? n - done : step;
        const char *from = (const char *)data + done * columns * element;
        if (!move_rows(&m, begin + done, now, from, NULL))
            return h5_failure_together(f, name);
    }
    return status_ok();
}

status h5_write_part(h5_file *f, const char *name, int64_t begin, int64_t n, const void *data) {
    const h5_slot *slot = find_slot(f, name);
    status s = status_ok();
    if (!slot || slot->columns || begin < 0 || n < 0 || begin > slot->rows - n)
        s = status_error(STATUS_INTERNAL,
                         "%s: elements %lld + %lld of %s, which is not being written or is shorter",
                         f->partial, (long long)begin, (long long)n, name);
    s = group_agree(&f->g, s);
    return s.code || slot->rows == 0 ? s : write_together(f, slot, begin, n, data, 1);
}

status h5_write_end(h5_file *f, status mine) {
    status s = group_agree(&f->g, mine);
    for (int i = 0; i < H5_OPEN_DATASETS; i++)
        s = end_slot(f, &f->slots[i], s);
    return s;
}

/* ---- strings */

hid_t h5_string_type(size_t width) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, width) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
                      H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/* Rank 0 writes, the others take part with nothing. */
static status write_string_blocks(h5_file *f, const h5_slot *slot, hid_t type, size_t width,
                                  void (*fill)(const void *, int64_t, int64_t, char *),
                                  const void *context) {
    const int64_t fit = CHUNK_BYTES / (int64_t)width, step = fit > 0 ? fit : 1;
    const mover m = mover_for(slot, type, 1, f->transfer);
    char *block = NULL;
    status s = group_agree(&f->g, mem_new(&block, (size_t)step * width, 1, "words as text"));
    for (int64_t done = 0; done < slot->rows && !s.code; done += step) {
        int64_t now = slot->rows - done < step ? slot->rows - done : step;
        if (f->g.rank > 0)
            now = 0;
        else {
            memset(block, 0, (size_t)now * width);
            fill(context, done, now, block);
        }
        bool good = move_rows(&m, done, now, block, NULL);
        s = group_agree(&f->g, good ? status_ok() : h5_failure_together(f, slot->name));
    }
    mem_free(&block);
    return s;
}

status h5_write_strings(h5_file *f, const char *name, int64_t n, size_t width,
                        void (*fill)(const void *context, int64_t begin, int64_t n, char *out),
                        const void *context) {
    hid_t type = h5_string_type(width);
    status s = group_agree(&f->g, type < 0 ? h5_failure_writing(f, name) : status_ok());
    if (!s.code) {
        const h5_dataset d = {.name = name, .type = H5_U8, .rows = n, .checksum = true};
        h5_slot *slot;
        s = begin_typed(f, &d, type, true, &slot);
        if (!s.code) {
            s = write_string_blocks(f, slot, type, width, fill, context);
            s = end_slot(f, slot, s);
        }
    }
    if (type >= 0)
        H5Tclose(type);
    return s;
}

/* ---- reading */

status h5_shape(h5_file *f, const char *name, h5_type type, int64_t *rows, int64_t *columns) {
    h5_slot *slot;
    *rows = *columns = 0;
    status s = get_slot(f, name, &slot);
    if (s.code)
        return s;
    if (slot->type != (int)type)
        return status_error(STATUS_INPUT, "%s: %s holds %s, not %s", h5_disk_name(f), name,
                            type_name(slot->type), type_name((int)type));
    *rows = slot->rows;
    *columns = slot->columns;
    return s;
}

status h5_read(h5_file *f, const char *name, h5_type type, int64_t begin, int64_t n, void *out,
               size_t stride) {
    int64_t rows, columns;
    status s = h5_shape(f, name, type, &rows, &columns);
    if (s.code)
        return s;
    if (begin < 0 || n < 0 || begin > rows - n)
        return status_error(STATUS_INPUT, "%s: %s has %lld rows; rows %lld to %lld are wanted",
                            h5_disk_name(f), name, (long long)rows, (long long)begin,
                            (long long)(begin + n));
    h5_slot *slot = find_slot(f, name);
    const mover m = mover_for(slot, memory_type(type), stride, H5P_DEFAULT);
    int64_t element = type_bytes((int)type), step = rows_per_call(&m, element);
    for (int64_t done = 0; done < n; done += step) {
        int64_t now = n - done < step ? n - done : step;
        char *to = (char *)out + done * element * (int64_t)m.stride;
        if (!move_rows(&m, begin + done, now, NULL, to)) {
            s = h5_failure_reading(f, name);
            break;
        }
    }
    if (f->writing && !slot->pinned)
        close_slot(slot);
    return s;
}

status h5_read_all(h5_file *f, const char *name, h5_type type, void *out, int64_t *n) {
    int64_t columns;
    memset(out, 0, sizeof(void *));
    status s = h5_shape(f, name, type, n, &columns);
    if (!s.code && columns)
        s = status_error(STATUS_INPUT, "%s: %s is a table, not a column", h5_disk_name(f), name);
    if (!s.code)
        s = mem_new(out, (size_t)*n, (size_t)type_bytes((int)type), name);
    if (s.code)
        return s;
    void *block;
    memcpy(&block, out, sizeof block);
    s = h5_read(f, name, type, 0, *n, block, 1);
    if (s.code)
        mem_free(out);
    return s;
}

static bool is_fixed_text(hid_t type) {
    return type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
}

status h5_verify(h5_file *f, const char *name) {
    h5_slot *slot;
    status s = get_slot(f, name, &slot);
    if (s.code)
        return s;
    hid_t type = H5Dget_type(slot->id);
    size_t element = type < 0 ? 0 : H5Tget_size(type);
    const size_t columns = slot->columns ? (size_t)slot->columns : 1;
    char *block = NULL;
    if (slot->type < 0 && !is_fixed_text(type))
        s = status_error(STATUS_INPUT, "%s: %s has a type that wordshard does not write",
                         h5_disk_name(f), name);
    else if (columns > (size_t)CALL_BYTES / element)
        s = status_error(STATUS_INPUT, "%s: %s has rows of %zu elements; the file is damaged",
                         h5_disk_name(f), name, columns);
    int64_t step = s.code ? 1 : CHUNK_BYTES * 8 / (int64_t)(element * columns);
    step = step > slot->rows ? slot->rows : step;
    step = step < 1 ? 1 : step;
    if (!s.code)
        s = mem_new(&block, (size_t)step, element * columns, name);
    const mover m = mover_for(slot, type, columns, H5P_DEFAULT);
    for (int64_t done = 0; done < slot->rows && !s.code; done += step) {
        int64_t now = slot->rows - done < step ? slot->rows - done : step;
        if (!move_rows(&m, done, now, NULL, block))
            s = h5_failure_reading(f, name);
    }
    mem_free(&block);
    if (type >= 0)
        H5Tclose(type);
    return s;
}

static void describe_type(hid_t dataset, int type, char *text, size_t size) {
    hid_t stored = H5Dget_type(dataset);
    if (type >= 0)
        snprintf(text, size, "%s", type_name(type));
    else if (is_fixed_text(stored))
        snprintf(text, size, "text of %zu bytes", H5Tget_size(stored));
    else
        snprintf(text, size, "%s", type_name(-1));
    if (stored >= 0)
        H5Tclose(stored);
}

status h5_describe(h5_file *f, const char *name, char *text, size_t size) {
    h5_slot *slot;
    char type[40];
    text[0] = '\0';
    status s = get_slot(f, name, &slot);
    if (s.code)
        return s;
    describe_type(slot->id, slot->type, type, sizeof type);
    if (slot->columns)
        snprintf(text, size, "%s [%lld, %lld]", type, (long long)slot->rows,
                 (long long)slot->columns);
    else
        snprintf(text, size, "%s [%lld]", type, (long long)slot->rows);
    return s;
}
