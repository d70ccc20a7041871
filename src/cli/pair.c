#include "cli/pair.h"

#include <string.h>

#include "catalog/csv.h"

static bool resolve(void *user, const struct scenario *s, struct deployment *d) {
    char err[ERROR_LEN];
    return catalog_resolve(user, s, d, err, NULL);
}

enum status pair_open(const struct options *o, struct pair *p) {
    char err[ERROR_LEN];
    memset(p, 0, sizeof *p);
    int format = options_choice(o, OPT_FORMAT, output_formats, FORMAT_TABLE, err);
    if (format < 0)
        return cli_fail(STATUS_BAD_INPUT, err);
    p->format = (enum output_format)format;
    enum status status = cli_open_catalog(o, &p->catalog);
    if (status == STATUS_OK)
        status = cli_open_session(o, p->catalog, NULL, &p->session);
    p->explorer.resolve = resolve;
    p->explorer.user = p->catalog;
    return status;
}

void pair_close(struct pair *p) {
    session_free(p->session);
    catalog_close(p->catalog);
}

const struct scenario *pair_scenario(const struct pair *p, int slot) {
    return session_scenario(p->session, slot);
}

void pair_write_heading(const struct pair *p, FILE *out) {
    for (int i = 0; i < SLOT_COUNT; i++) {
        struct deployment d;
        if (resolve(p->catalog, pair_scenario(p, i), &d))
            fprintf(out, "%c  %s, %s, on %d %s, tp %d pp %d dp %d ep %d, batch %d, %d + %d tokens\n", "AB"[i], d.model->id,
                    d.weights->id, d.gpus, d.gpu->id, d.tp, d.pp, d.dp, d.ep, d.batch, d.isl, d.osl);
    }
}

void pair_write_text(FILE *out, int indent, const char *text) {
    enum { WIDTH = 110 };
    int column = 0;
    while (*(text += strspn(text, " "))) {
        int length = (int)strcspn(text, " ");
        if (column > 0 && column + 1 + length > WIDTH) {
            putc('\n', out);
            column = 0;
        }
        column += fprintf(out, "%*s%.*s", column > 0 ? 1 : indent, "", length, text);
        text += length;
    }
    putc('\n', out);
}

void pair_write_number(FILE *out, double value) {
    char text[VALUE_LEN];
    csv_write_cell(out, number_print(value, text), false);
}
