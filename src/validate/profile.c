#include "validate/profile.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "catalog/csv.h"
#include "catalog/number.h"
#include "core/scenario.h"

/* --- head --- */

void profile_head_make(const struct machine_model *model, const struct measurement *m, struct profile_head *out) {
    time_t now = time(NULL);
    struct tm day;
    *out = (struct profile_head){.host = model->gpu};
    snprintf(out->scope, sizeof out->scope, "%s", model->gpu.id);
    snprintf(out->uuid, sizeof out->uuid, "%s", m->uuid);
    snprintf(out->device, sizeof out->device, "%s", m->device);
    snprintf(out->driver, sizeof out->driver, "%s", m->driver);
    snprintf(out->helper, sizeof out->helper, "%s", m->helper);
    strftime(out->date, sizeof out->date, "%Y-%m-%d", localtime_r(&now, &day));
}

/* Texts and numbers of the head, in the order of their columns. */
static const struct head_text {
    const char *column;
    size_t offset, size;
} head_texts[] = {
    {"uuid", offsetof(struct profile_head, uuid), MEASURE_TEXT},
    {"device", offsetof(struct profile_head, device), MEASURE_TEXT},
    {"driver", offsetof(struct profile_head, driver), MEASURE_TEXT},
    {"helper", offsetof(struct profile_head, helper), MEASURE_TEXT},
    {"date", offsetof(struct profile_head, date), 16},
};
static const struct head_number {
    const char *column;
    size_t offset;
} head_numbers[] = {
    {"mem_bytes", offsetof(struct profile_head, host.mem_bytes)},
    {"mem_bw", offsetof(struct profile_head, host.mem_bw)},
    {"rate_16", offsetof(struct profile_head, host.rate[PATH_BF16])},
    {"l2_bytes", offsetof(struct profile_head, host.l2_bytes)},
};
enum { HEAD_TEXTS = sizeof head_texts / sizeof *head_texts, HEAD_NUMBERS = sizeof head_numbers / sizeof *head_numbers };

static const double *number_at(const struct profile_head *h, int i) {
    return (const double *)((const char *)h + head_numbers[i].offset);
}

/* --- writing --- */

struct writer {
    FILE *out;
    const struct profile_head *head;
    const struct fitted *fit;
    int rows;
};

static void put_number(FILE *out, double value) {
    char text[32] = "";
    if (!isnan(value))
        snprintf(text, sizeof text, "%.9g", value);
    csv_write_cell(out, text, false);
}

static void put_row(struct writer *w, const char *constant, double value, const char *unit) {
    char source[4 * MEASURE_TEXT];
    const struct fitted *f = w->fit;
    snprintf(source, sizeof source, "%s, %s, helper %s%s%s", w->head->device, w->head->date, w->head->helper,
             *w->head->driver ? ", driver " : "", w->head->driver);
    w->rows++;
    if (!w->out)
        return;
    csv_write_cell(w->out, w->head->scope, true);
    csv_write_cell(w->out, calibration_classes[f->class].id, false);
    csv_write_cell(w->out, constant, false);
    put_number(w->out, value);
    csv_write_cell(w->out, unit, false);
    put_number(w->out, 100 * f->error_median);
    put_number(w->out, f->points);
    csv_write_cell(w->out, "measured", false);
    csv_write_cell(w->out, source, false);
    put_number(w->out, PROFILE_FORMAT);
    for (int i = 0; i < HEAD_TEXTS; i++)
        csv_write_cell(w->out, (const char *)w->head + head_texts[i].offset, false);
    for (int i = 0; i < HEAD_NUMBERS; i++)
        put_number(w->out, *number_at(w->head, i));
    put_number(w->out, w->head->host.sms);
    put_number(w->out, w->head->rows);
    csv_end_row(w->out);
}

static double within(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

static void put_fit(struct writer *w) {
    const struct fitted *f = w->fit;
    for (int i = 0; i < f->n; i++) {
        const struct constant_info *info = &calibration_classes[f->class].constant[f->constant[i]];
        put_row(w, info->name, f->value[i], info->unit);
    }
    put_row(w, "p10", within(f->lo, 0.01, 1.5), "1"); /* what the catalog takes */
    put_row(w, "p90", within(f->hi, 0.5, 100), "1");
}

static void put_fits(struct writer *w, const struct fitted *fits, int n) {
    for (int i = 0; i < n; i++) {
        w->fit = &fits[i];
        if (fits[i].accepted)
            put_fit(w);
    }
}

int profile_write(FILE *out, const struct profile_head *head, const struct fitted *fits, int n) {
    struct profile_head whole = *head;
    struct writer count = {.head = head}, w = {.out = out, .head = &whole};
    put_fits(&count, fits, n);
    whole.rows = count.rows; /* so that a file that lacks some is known */
    fputs("scope,class,constant,value,unit,residual,rows,origin,source,format", out);
    for (int i = 0; i < HEAD_TEXTS; i++)
        fprintf(out, ",%s", head_texts[i].column);
    for (int i = 0; i < HEAD_NUMBERS; i++)
        fprintf(out, ",%s", head_numbers[i].column);
    fputs(",sms,of_rows\n", out);
    put_fits(&w, fits, n);
    return w.rows;
}

bool profile_path(const struct profile_head *head, char *path, size_t size) {
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n;
    if (xdg && *xdg)
        n = snprintf(path, size, "%s/moescope/profiles/", xdg);
    else if (home && *home)
        n = snprintf(path, size, "%s/.local/share/moescope/profiles/", home);
    else
        return false;
    if (n < 0 || (size_t)n >= size)
        return false;
    int name = snprintf(path + n, size - (size_t)n, "%s-%s.csv", head->scope, *head->uuid ? head->uuid : "device");
    for (char *p = path + n; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p))
            *p = '_';
    return (size_t)(n + name) < size;
}

/* Every directory of the path but its last part. */
static bool make_directories(const char *path) {
    char part[PROFILE_PATH];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return false;
        *p = '/';
    }
    return true;
}

bool profile_save(const struct profile_head *head, const struct fitted *fits, int n, const char *path, char *err) {
    char beside[PROFILE_PATH + 16];
    snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    int fd = make_directories(path) ? mkstemp(beside) : -1;
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = out != NULL;
    if (ok)
        profile_write(out, head, fits, n);
    ok = ok && !ferror(out) && fflush(out) == 0 && fsync(fd) == 0;
    if (out ? fclose(out) != 0 : fd >= 0 && close(fd) != 0)
        ok = false;
    ok = ok && rename(beside, path) == 0;
    if (!ok) {
        snprintf(err, ERROR_LEN, "%.300s: the profile cannot be written: %s", path, strerror(errno));
        if (fd >= 0)
            unlink(beside);
    }
    return ok;
}

/* --- reading --- */

struct reader {
    struct profile_head *head;
    int rows;
};

static bool refuse(const struct csv_row *csv, const char *what, char *err) {
    snprintf(err, ERROR_LEN, "%.200s:%ld: %.250s", csv->file, csv->line, what);
    return false;
}

static const char *cell(const struct csv_row *csv, const char *column) {
    const char *text = csv_cell(csv, column);
    return text ? text : "";
}

static bool read_row_head(const struct csv_row *csv, struct profile_head *h, char *err) {
    double format, rows, number;
    if (!number_read(cell(csv, "format"), &format) || format != PROFILE_FORMAT)
        return refuse(csv, "this is no profile of format 1; measure again with this version", err);
    if (!number_read(cell(csv, "of_rows"), &rows) || rows < 1 || rows > 1e5)
        return refuse(csv, "the row is cut short; measure again", err);
    snprintf(h->scope, sizeof h->scope, "%s", cell(csv, "scope"));
    for (int i = 0; i < HEAD_TEXTS; i++)
        snprintf((char *)h + head_texts[i].offset, head_texts[i].size, "%s", cell(csv, head_texts[i].column));
    for (int i = 0; i < HEAD_NUMBERS; i++)
        *(double *)((char *)h + head_numbers[i].offset) =
            number_read(cell(csv, head_numbers[i].column), &number) ? number : NAN;
    h->host.sms = number_read(cell(csv, "sms"), &number) && number >= 0 && number < 1e6 ? (int)number : 0;
    h->rows = (int)rows;
    return true;
}

static bool read_row(const struct csv_row *csv, void *user, char *err) {
    struct reader *r = user;
    struct profile_head h = {.rows = 0};
    if (!read_row_head(csv, &h, err))
        return false;
    if (r->rows++ == 0)
        *r->head = h;
    else if (strcmp(h.uuid, r->head->uuid) != 0 || strcmp(h.scope, r->head->scope) != 0 || h.rows != r->head->rows)
        return refuse(csv, "the rows are of several devices: a profile is of one", err);
    return true;
}

bool profile_read_head(FILE *in, const char *name, struct profile_head *out, char *err) {
    struct reader r = {.head = out};
    memset(out, 0, sizeof *out);
    if (!csv_read(in, name, NULL, read_row, &r, err))
        return false;
    if (r.rows == 0 || r.rows != out->rows) {
        snprintf(err, ERROR_LEN, "%.300s: the profile is cut short: %d of %d rows; measure again", name, r.rows, out->rows);
        return false;
    }
    return true;
}

bool profile_fits(const struct profile_head *profile, const struct profile_head *here, char *err) {
    static const struct {
        const char *what;
        size_t offset;
    } same[] = {{"device", offsetof(struct profile_head, uuid)},
                {"driver", offsetof(struct profile_head, driver)},
                {"helper", offsetof(struct profile_head, helper)}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const char *was = (const char *)profile + same[i].offset, *is = (const char *)here + same[i].offset;
        if (strcmp(was, is) == 0)
            continue;
        snprintf(err, ERROR_LEN, "the profile of %s is of another %s: %.90s, here %.90s", profile->date, same[i].what,
                 *was ? was : "none", *is ? is : "none");
        return false;
    }
    return true;
}

/* The machine itself, as a GPU of the list. */
static void put_host(struct catalog *c, const struct profile_head *h) {
    struct gpu host = h->host;
    for (int i = 0; i < PATH_COUNT; i++)
        host.rate[i] = i == PATH_BF16 || i == PATH_FP32 ? h->host.rate[PATH_BF16] : NAN;
    snprintf(host.id, sizeof host.id, "host");
    snprintf(host.family, sizeof host.family, "host");
    snprintf(host.kin, sizeof host.kin, "%s", "");
    snprintf(host.name, sizeof host.name, "%.60s", h->device);
    snprintf(host.link_up, sizeof host.link_up, "pcie4-x16"); /* a box of CPUs has no link of its own: nothing is sent */
    snprintf(host.link_out, sizeof host.link_out, "eth-25");
    host.cpu = host.mem_reported = true;
    host.scaleup_domain = 1;
    host.clock = host.tdp_w = host.price_h = host.link_up_bw = NAN;
    host.source = "measured by moescope validate";
    catalog_put_host(c, &host);
}

static bool lay_stream(struct catalog *c, FILE *in, const char *name, const struct profile_head *here,
                       struct profile_head *head, char *err) {
    struct profile_head h;
    bool ok = profile_read_head(in, name, &h, err) && (!here || profile_fits(&h, here, err));
    if (ok && strcmp(h.scope, "host") == 0)
        put_host(c, &h);
    rewind(in);
    ok = ok && catalog_lay_measured(c, in, name, err);
    if (ok && head)
        *head = h;
    return ok;
}

bool profile_lay(struct catalog *c, const char *path, const struct profile_head *here, struct profile_head *head, char *err) {
    FILE *in = fopen(path, "r");
    if (!in) {
        snprintf(err, ERROR_LEN, "%.300s: %s", path, strerror(errno));
        return false;
    }
    bool ok = lay_stream(c, in, path, here, head, err);
    fclose(in);
    return ok;
}

bool profile_lay_fits(struct catalog *c, const struct profile_head *head, const struct fitted *fits, int n, char *err) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size), *in = NULL;
    bool ok = out != NULL;
    if (ok) {
        profile_write(out, head, fits, n);
        ok = fclose(out) == 0 && (in = fmemopen(text, size, "r")) != NULL;
    }
    if (ok)
        ok = lay_stream(c, in, "what was measured", NULL, NULL, err);
    else
        snprintf(err, ERROR_LEN, "out of memory");
    if (in)
        fclose(in);
    free(text);
    return ok;
}
