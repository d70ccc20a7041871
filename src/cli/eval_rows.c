/* `eval --scenarios`: a stream of scenarios. Two passes, so that a bad cell far down leaves no half output:
 * the first only checks. What cannot be read twice (a pipe) is copied to a temporary file first. Memory does
 * not grow with rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "catalog/csv.h"
#include "catalog/scenario_row.h"
#include "cli/evaluation.h"
#include "session/record.h"
#include "session/xalloc.h"

struct row_run {
    const struct options *o;
    struct catalog *catalog;
    enum output_format format;
    bool printing; /* second pass */
    bool output_failed;
    int output_errno;
    /* Columns that are none of ours go through unchanged: those before the first scenario field in front of
     * the fields, the others behind, in their order. */
    bool carried[CSV_COLUMNS_MAX];
    size_t n_columns, n_front;
    struct load_cache cache;
    struct evaluation v;
};

/* --- columns ------------------------------------------------------------------------------------------- */

/* Columns of session files: nothing is said about them. */
static bool is_session_column(const char *name) {
    static const char *const names[] = {"state", "time", "slot", "defaults"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* A misspelt field is carried too, so say which columns were not understood. */
static void warn_of_carried(const struct row_run *run, const struct csv_row *header) {
    bool first = true;
    for (size_t i = 0; i < header->n_columns; i++) {
        if (!run->carried[i] || is_session_column(header->name[i]))
            continue;
        fputs(first ? "moescope: columns carried through: " : ", ", stderr);
        cli_put_message(header->name[i]);
        first = false;
    }
    if (!first)
        fputc('\n', stderr);
}

static void write_carried_names(const struct row_run *run, const struct csv_row *row, bool front) {
    for (size_t i = front ? 0 : run->n_front; i < (front ? run->n_front : run->n_columns); i++)
        if (run->carried[i])
            csv_write_cell(stdout, row->name[i], front && i == 0);
}

static void write_heading(const struct row_run *run, const struct csv_row *header) {
    if (run->format == FORMAT_TABLE)
        evaluation_write_line_heading(stdout);
    if (run->format != FORMAT_CSV)
        return;
    write_carried_names(run, header, true);
    record_write_names(stdout, run->n_front == 0);
    write_carried_names(run, header, false);
    csv_end_row(stdout);
}

static bool on_header(const struct csv_row *header, void *user, char *err) {
    struct row_run *run = user;
    bool seen = false;
    run->n_columns = header->n_columns;
    run->n_front = 0;
    for (size_t i = 0; i < header->n_columns; i++) {
        run->carried[i] = !record_has_column(header->name[i]);
        seen = seen || !run->carried[i];
        if (!seen)
            run->n_front = i + 1;
    }
    if (!seen) {
        snprintf(err, ERROR_LEN,
                 "%.200s:%ld: no column is a scenario field; name columns as 'moescope help --fields' does",
                 header->file, header->line);
        return false;
    }
    if (run->printing) {
        warn_of_carried(run, header);
        write_heading(run, header);
    }
    return true;
}

/* --- rows ---------------------------------------------------------------------------------------------- */

/* Reads and resolves a row; cells left empty take the flags given beside --scenarios. */
static bool resolve_row(struct row_run *run, const struct csv_row *row, char *err) {
    const struct settings *flags = &run->o->a;
    char why[ERROR_LEN];
    if (flags->n == 0)
        return scenario_resolve_row(row, run->catalog, &run->v.scenario, &run->v.deployment, err);
    if (!scenario_from_row(row, &run->v.scenario, err))
        return false;
    bool open[FIELD_COUNT];
    for (int i = 0; i < FIELD_COUNT; i++)
        open[i] = scenario_is_default(&run->v.scenario, &scenario_fields[i]);
    for (size_t i = 0; i < flags->n; i++) {
        const struct setting *flag = &flags->item[i];
        if (open[flag->field - scenario_fields])
            scenario_parse(&run->v.scenario, flag->field, flag->text, why); /* checked before the first row */
    }
    if (catalog_resolve(run->catalog, &run->v.scenario, &run->v.deployment, why, NULL))
        return true;
    snprintf(err, ERROR_LEN, "%.120s:%ld: %.360s", row->file, row->line, why);
    return false;
}

static void write_row_csv(const struct row_run *run, const struct csv_row *row) {
    for (size_t i = 0; i < run->n_front; i++)
        csv_write_cell(stdout, row->cell[i], i == 0);
    record_write_cells(stdout, &run->v.scenario, &run->v.deployment, &run->v.estimate, run->n_front == 0);
    for (size_t i = run->n_front; i < run->n_columns; i++)
        if (run->carried[i])
            csv_write_cell(stdout, row->cell[i], false);
    csv_end_row(stdout);
}

static void write_row_json(const struct row_run *run, const struct csv_row *row) {
    struct json j;
    json_begin(&j, stdout);
    for (size_t i = 0; i < run->n_front; i++)
        json_text(&j, row->name[i], row->cell[i]);
    evaluation_write_json(&run->v, &j);
    for (size_t i = run->n_front; i < run->n_columns; i++)
        if (run->carried[i])
            json_text(&j, row->name[i], row->cell[i]);
    json_end(&j);
    putchar('\n');
}

static bool on_row(const struct csv_row *row, void *user, char *err) {
    struct row_run *run = user;
    if (!resolve_row(run, row, err))
        return false;
    if (!run->printing)
        return true;
    estimate(&run->v.deployment, &run->cache, &run->v.estimate);
    errno = 0;
    if (run->format == FORMAT_TABLE)
        evaluation_write_line(&run->v, stdout);
    else if (run->format == FORMAT_CSV)
        write_row_csv(run, row);
    else
        write_row_json(run, row);
    run->output_failed = ferror(stdout) != 0; /* no use in going on */
    run->output_errno = errno;
    return !run->output_failed;
}

/* --- the two passes ------------------------------------------------------------------------------------ */

static enum status copy_to(FILE *spool, FILE *in, const char *name) {
    char block[65536], text[ERROR_LEN];
    size_t n;
    while ((n = fread(block, 1, sizeof block, in)) > 0)
        if (fwrite(block, 1, n, spool) != n)
            break;
    if (!ferror(in) && !ferror(spool) && fflush(spool) == 0)
        return STATUS_OK;
    snprintf(text, sizeof text, "%.300s: cannot be copied to a temporary file: %s", name, strerror(errno));
    return cli_fail(STATUS_ENVIRONMENT, text);
}

/* Makes *in something that can be read twice. */
static enum status spool_input(FILE **in, const char *name) {
    struct stat st;
    if (fstat(fileno(*in), &st) == 0 && S_ISREG(st.st_mode))
        return STATUS_OK;
    FILE *spool = tmpfile();
    if (!spool)
        return cli_fail(STATUS_ENVIRONMENT,
                        "no temporary file can be made for the piped input; free some space in /tmp");
    enum status status = copy_to(spool, *in, name);
    if (*in != stdin)
        fclose(*in);
    *in = spool;
    rewind(spool);
    return status;
}

static enum status read_twice(struct row_run *run, FILE *in, const char *name) {
    char err[ERROR_LEN];
    off_t start = ftello(in);
    for (int pass = 0; pass < 2; pass++) {
        run->printing = pass == 1;
        if (fseeko(in, start, SEEK_SET) != 0) {
            snprintf(err, sizeof err, "%.300s: cannot be read twice: %s", name, strerror(errno));
            return cli_fail(STATUS_ENVIRONMENT, err);
        }
        if (csv_read(in, name, on_header, on_row, run, err))
            continue;
        if (run->output_failed)
            return cli_output_failed(run->output_errno);
        return cli_fail(ferror(in) ? STATUS_ENVIRONMENT : STATUS_BAD_INPUT, err);
    }
    return STATUS_OK;
}

static enum status open_input(const char *path, FILE **in) {
    char text[ERROR_LEN];
    *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (*in)
        return STATUS_OK;
    snprintf(text, sizeof text, "%.300s: %s; --scenarios takes a CSV file, or - for standard input", path,
             strerror(errno));
    return cli_fail(STATUS_ENVIRONMENT, text);
}

enum status eval_rows(const struct options *o, enum output_format format, struct catalog *c) {
    const char *path = o->text[OPT_SCENARIOS], *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct row_run *run = xcalloc(1, sizeof *run);
    char err[ERROR_LEN];
    FILE *in = NULL;

    run->o = o;
    run->catalog = c;
    run->format = format;
    enum status status = STATUS_OK;
    if (!settings_apply(&o->a, "--", &run->v.scenario, err))
        status = cli_fail(STATUS_BAD_INPUT, err);
    if (status == STATUS_OK)
        status = open_input(path, &in);
    if (status == STATUS_OK)
        status = spool_input(&in, name);
    if (status == STATUS_OK)
        status = read_twice(run, in, name);
    if (in && in != stdin)
        fclose(in);
    free(run);
    return status;
}
