// SPDX-License-Identifier: Apache-2.0
/* Groups, attributes, and walking over what a file holds. */
#include "h5_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

/* ---- groups */

static bool is_root(const char *name) {
    return strcmp(name, "/") == 0;
}

enum { LONGEST_NAME = 4096 };

/* H5Lexists wants every group on the way to exist, so ask for each in turn. */
bool h5_exists(h5_file *f, const char *name) {
    char part[LONGEST_NAME];
    bool found = true;
    if (is_root(name))
        return true;
    if (snprintf(part, sizeof part, "%s", name) >= LONGEST_NAME)
        return false;
    for (char *slash = strchr(part + 1, '/'); found; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        found = H5Lexists(f->id, part, H5P_DEFAULT) > 0;
        if (!slash)
            break;
        *slash = '/';
    }
    H5Eclear2(H5E_DEFAULT);
    return found;
}

static status make_group(h5_file *f, const char *name) {
    if (h5_exists(f, name))
        return status_ok();
    hid_t made = H5Gcreate2(f->id, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (made < 0)
        return h5_failure_together(f, name);
    H5Gclose(made);
    return status_ok();
}

status h5_make_groups(h5_file *f, const char *name, bool whole) {
    char *part = NULL;
    status s = group_agree(&f->g, mem_string(&part, name));
    for (char *slash = s.code ? NULL : strchr(part + 1, '/'); slash && !s.code;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        s = make_group(f, part);
        *slash = '/';
    }
    if (!s.code && whole && !is_root(name))
        s = make_group(f, name);
    mem_free(&part);
    return s;
}

status h5_link(h5_file *f, const char *name1, const char *name2) {
    status s = h5_make_groups(f, name2, false);
    if (s.code)
        return s;
    herr_t e = H5Lcreate_hard(f->id, name1, f->id, name2, H5P_DEFAULT, H5P_DEFAULT);
    return e < 0 ? h5_failure_together(f, name2) : s;
}

/* ---- setting */

static bool set_value(hid_t object, const char *name, hid_t type, const void *value) {
    if (H5Aexists(object, name) > 0 && H5Adelete(object, name) < 0)
        return false;
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t id = space < 0 ? -1 : H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool good = id >= 0 && H5Awrite(id, type, value) >= 0;
    hid_t reason = h5_hold_reason();
    if (id >= 0)
        H5Aclose(id);
    if (space >= 0)
        H5Sclose(space);
    h5_release_reason(reason);
    return good;
}

static status set_attribute(h5_file *f, const char *object, const char *name, hid_t type,
                            const void *value) {
    status s = h5_make_groups(f, object, true);
    if (s.code)
        return s;
    hid_t id = H5Oopen(f->id, object, H5P_DEFAULT);
    if (id < 0 || !set_value(id, name, type, value))
        return h5_failure_together(f, name);
    H5Oclose(id);
    return s;
}

status h5_set_text(h5_file *f, const char *object, const char *name, const char *value) {
    static const size_t LONG = 4096; /* more than the space that is kept for metadata anyway */
    size_t size = strlen(value);
    status s = size > LONG ? h5_reserve(f, (int64_t)size) : status_ok();
    if (s.code)
        return s;
    hid_t type = h5_string_type(size ? size : 1); /* there are no strings of no bytes */
    s = group_agree(&f->g, type < 0 ? h5_failure_writing(f, name) : status_ok());
    if (!s.code)
        s = set_attribute(f, object, name, type, value);
    if (type >= 0)
        H5Tclose(type);
    return s;
}

status h5_set_int(h5_file *f, const char *object, const char *name, int64_t value) {
    return set_attribute(f, object, name, H5T_NATIVE_INT64, &value);
}

status h5_set_real(h5_file *f, const char *object, const char *name, double value) {
    return set_attribute(f, object, name, H5T_NATIVE_DOUBLE, &value);
}

/* ---- getting */

static status missing(const h5_file *f, const char *object, const char *name) {
    H5Eclear2(H5E_DEFAULT);
    return status_error(STATUS_INPUT, "%s: %s has no attribute %s", h5_disk_name(f), object, name);
}

static status another_type(const h5_file *f, const char *object, const char *name) {
    H5Eclear2(H5E_DEFAULT);
    return status_error(STATUS_INPUT, "%s: attribute %s of %s has another type", h5_disk_name(f),
                        name, object);
}

static hid_t open_attribute(h5_file *f, const char *object, const char *name) {
    if (!h5_exists(f, object) || H5Aexists_by_name(f->id, object, name, H5P_DEFAULT) <= 0)
        return -1;
    return H5Aopen_by_name(f->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
}

/* Exactly one value. */
static bool is_single(hid_t id) {
    hid_t space = H5Aget_space(id);
    bool single = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
    if (space >= 0)
        H5Sclose(space);
    return single;
}

static H5T_class_t class_of(hid_t id) {
    hid_t type = H5Aget_type(id);
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (type >= 0)
        H5Tclose(type);
    return class;
}

static status get_number(h5_file *f, const char *object, const char *name, H5T_class_t class,
                         hid_t type, void *value) {
    hid_t id = open_attribute(f, object, name);
    if (id < 0)
        return missing(f, object, name);
    status s = status_ok();
    if (class_of(id) != class || !is_single(id))
        s = another_type(f, object, name);
    else if (H5Aread(id, type, value) < 0)
        s = h5_failure_reading(f, name);
    H5Aclose(id);
    return s;
}

status h5_get_int(h5_file *f, const char *object, const char *name, int64_t *value) {
    *value = 0;
    return get_number(f, object, name, H5T_INTEGER, H5T_NATIVE_INT64, value);
}

status h5_get_real(h5_file *f, const char *object, const char *name, double *value) {
    *value = 0;
    return get_number(f, object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, value);
}

/* Ours have a fixed length; other tools write variable ones. */
static status read_variable_text(const h5_file *f, const char *name, hid_t id, hid_t type,
                                 char **value) {
    char *text = NULL;
    if (H5Aread(id, type, &text) < 0)
        return h5_failure_reading(f, name);
    status s = mem_string(value, text ? text : "");
    if (text)
        H5free_memory(text);
    return s;
}

static status read_text(const h5_file *f, const char *object, const char *name, hid_t id,
                        char **value) {
    hid_t type = H5Aget_type(id);
    status s;
    if (type < 0 || H5Tget_class(type) != H5T_STRING || !is_single(id))
        s = another_type(f, object, name);
    else if (H5Tis_variable_str(type) > 0)
        s = read_variable_text(f, name, id, type, value);
    else {
        s = mem_new(value, H5Tget_size(type) + 1, 1, "an attribute");
        if (!s.code && H5Aread(id, type, *value) < 0)
            s = h5_failure_reading(f, name);
    }
    if (type >= 0)
        H5Tclose(type);
    if (s.code)
        mem_free(value);
    return s;
}

status h5_get_text(h5_file *f, const char *object, const char *name, char **value) {
    *value = NULL;
    hid_t id = open_attribute(f, object, name);
    if (id < 0)
        return missing(f, object, name);
    status s = read_text(f, object, name, id, value);
    H5Aclose(id);
    return s;
}

/* ---- walking */

static status read_number_as_text(const h5_file *f, const char *name, hid_t id, H5T_class_t class,
                                  char **value) {
    char text[40];
    int64_t whole = 0;
    double real = 0;
    herr_t e;
    if (class == H5T_INTEGER) {
        e = H5Aread(id, H5T_NATIVE_INT64, &whole);
        snprintf(text, sizeof text, "%" PRId64, whole);
    } else {
        e = H5Aread(id, H5T_NATIVE_DOUBLE, &real);
        snprintf(text, sizeof text, "%.17g", real);
    }
    return e < 0 ? h5_failure_reading(f, name) : mem_string(value, text);
}

typedef struct {
    h5_file *file;
    const char *object;
    void (*attribute)(void *, const char *, const char *);
    void (*member)(void *, const char *, char);
    void *context;
    status s;
} walk;

static herr_t walk_attribute(hid_t object, const char *name, const H5A_info_t *info,
                             void *context) {
    (void)info;
    walk *w = context;
    char *value = NULL;
    hid_t id = H5Aopen(object, name, H5P_DEFAULT);
    if (id < 0) {
        w->s = h5_failure_reading(w->file, name);
        return -1;
    }
    H5T_class_t class = class_of(id);
    if (class == H5T_STRING && is_single(id))
        w->s = read_text(w->file, w->object, name, id, &value);
    else if ((class == H5T_INTEGER || class == H5T_FLOAT) && is_single(id))
        w->s = read_number_as_text(w->file, name, id, class, &value);
    else
        w->s = mem_string(&value, "(of another type)");
    H5Aclose(id);
    if (!w->s.code)
        w->attribute(w->context, name, value);
    mem_free(&value);
    return w->s.code ? -1 : 0;
}

status h5_each_attribute(h5_file *f, const char *object,
                         void (*visit)(void *context, const char *name, const char *value),
                         void *context) {
    if (!h5_exists(f, object))
        return status_error(STATUS_INPUT, "%s: %s is missing", h5_disk_name(f), object);
    walk w = {.file = f, .object = object, .attribute = visit, .context = context};
    w.s = status_ok();
    hid_t id = H5Oopen(f->id, object, H5P_DEFAULT);
    hsize_t place = 0;
    if ((id < 0 || H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, &place, walk_attribute, &w) < 0) &&
        !w.s.code)
        w.s = h5_failure_reading(f, object);
    if (id >= 0)
        H5Oclose(id);
    return w.s;
}

/* The number of names that a group has below the root, which itself counts as having two; or
 * negative. */
static int64_t names_of(const h5_file *f, hid_t id) {
#if H5_VERSION_GE(1, 12, 0)
    H5O_info2_t info, root;
    int differ;
    if (H5Oget_info3(id, &info, H5O_INFO_BASIC) < 0 ||
        H5Oget_info3(f->id, &root, H5O_INFO_BASIC) < 0 ||
        H5Otoken_cmp(f->id, &info.token, &root.token, &differ) < 0)
        return -1;
    return differ ? (int64_t)info.rc : 2;
#else
    H5O_info_t info, root;
    if (H5Oget_info(id, &info) < 0 || H5Oget_info(f->id, &root) < 0)
        return -1;
    return info.addr != root.addr ? (int64_t)info.rc : 2;
#endif
}

/* A group may have one name only: with more, a group could lie within itself, and who goes down
 * from member to member would never arrive. */
static status check_group(const h5_file *f, hid_t id, const char *name, bool is_hard) {
    const int64_t names = is_hard ? names_of(f, id) : 2;
    if (names < 0)
        return h5_failure_reading(f, name);
    if (names == 1)
        return status_ok();
    return status_error(STATUS_INPUT,
                        "%s: the group %s is reached by a second name, which wordshard does not "
                        "write",
                        h5_disk_name(f), name);
}

static herr_t walk_member(hid_t parent, const char *name, const H5L_info_t *info, void *context) {
    walk *w = context;
    hid_t id = H5Oopen(parent, name, H5P_DEFAULT);
    if (id < 0) {
        w->s = h5_failure_reading(w->file, name);
        return -1;
    }
    H5I_type_t type = H5Iget_type(id);
    if (type == H5I_GROUP)
        w->s = check_group(w->file, id, name, info->type == H5L_TYPE_HARD);
    H5Oclose(id);
    if (!w->s.code && (type == H5I_GROUP || type == H5I_DATASET))
        w->member(w->context, name, type == H5I_GROUP ? 'g' : 'd');
    return w->s.code ? -1 : 0;
}

status h5_each_member(h5_file *f, const char *object,
                      void (*visit)(void *context, const char *name, char kind), void *context) {
    if (!h5_exists(f, object))
        return status_error(STATUS_INPUT, "%s: %s is missing", h5_disk_name(f), object);
    walk w = {.file = f, .object = object, .member = visit, .context = context};
    w.s = status_ok();
    hid_t id = H5Oopen(f->id, object, H5P_DEFAULT);
    hsize_t place = 0;
    if (id >= 0 && H5Iget_type(id) != H5I_GROUP)
        w.s = status_error(STATUS_INPUT, "%s: %s is not a group", h5_disk_name(f), object);
    else if ((id < 0 || H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, &place, walk_member, &w) < 0) &&
             !w.s.code)
        w.s = h5_failure_reading(f, object);
    if (id >= 0)
        H5Oclose(id);
    return w.s;
}

/* ---- everything below a group */

enum { TREE_PATH = 1024 };

typedef struct {
    h5_file *file;
    const char *object;
    status s;
} tree_walk;

static void ignore_attribute(void *context, const char *name, const char *value) {
    (void)context;
    (void)name;
    (void)value;
}

static void verify_member(void *context, const char *name, char kind) {
    tree_walk *w = context;
    char path[TREE_PATH];
    const char *slash = strcmp(w->object, "/") == 0 ? "" : "/";
    const int n = snprintf(path, sizeof path, "%s%s%s", w->object, slash, name);
    if (w->s.code)
        return;
    if (n >= (int)sizeof path) {
        w->s = status_error(STATUS_INPUT, "%s: the name of %.100s... is too long",
                            h5_disk_name(w->file), path);
    } else if (kind == 'd') {
        w->s = h5_verify(w->file, path);
        if (!w->s.code)
            w->s = h5_each_attribute(w->file, path, ignore_attribute, NULL);
    } else {
        w->s = h5_verify_tree(w->file, path);
    }
}

status h5_verify_tree(h5_file *file, const char *object) {
    tree_walk w = {.file = file, .object = object};
    w.s = h5_each_attribute(file, object, ignore_attribute, NULL);
    const status s = w.s.code ? w.s : h5_each_member(file, object, verify_member, &w);
    return status_first(w.s, s);
}
