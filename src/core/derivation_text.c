/* Lines of a working as rows of text. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/derivation.h"
#include "core/formula.h"

/* Names take fewer cells where rows are narrow: few are longer. */
enum { INDENT = 2, HANGING = 6, NAME = 21, NAME_NARROW = 18, NARROW = 90, UNIT = 8, LONG_TEXT = 2 * DERIVATION_TEXT + 64 };

struct page {
    int width, rows;
    char (*row)[DERIVATION_ROW];
};

/* Cells of the first n bytes of UTF-8. */
static int cells(const char *text, size_t n) {
    int count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* Bytes of the longest beginning that fits `width` cells: up to a comma if one is near, else up to a blank if there is one. */
static size_t piece(const char *text, int width) {
    enum { NEAR = 16 };
    size_t n = strlen(text), blank = 0, comma = 0;
    if (cells(text, n) <= width)
        return n;
    for (size_t i = 1; i < n && cells(text, i) <= width; i++) {
        if (text[i] == ' ')
            blank = i;
        if (text[i] == ' ' && text[i - 1] == ',')
            comma = i;
    }
    if (blank > 0)
        return comma > 0 && blank - comma < NEAR ? comma : blank;
    for (size_t i = 1; cells(text, i) <= width; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            n = i;
    return n;
}

/* Breaks the text between words; rows after the first begin at `hanging`. `right` stands at the end of the last row, on one
 * of its own where there is no room. */
static void put(struct page *p, int indent, int hanging, const char *text, const char *right) {
    int keep = *right ? cells(right, strlen(right)) + 1 : 0;
    for (bool first = true; *text && p->rows < DERIVATION_ROWS; first = false) {
        int at = first ? indent : hanging, room = p->width - at;
        size_t n = piece(text, room - keep), whole = piece(text, room);
        bool last = text[n] == '\0';
        n = last ? n : text[whole] == '\0' ? n : whole;
        snprintf(p->row[p->rows], DERIVATION_ROW, "%*s%.*s", at, "", (int)n, text);
        if (last && *right) {
            int used = at + cells(text, n);
            size_t bytes = strlen(p->row[p->rows]);
            snprintf(p->row[p->rows] + bytes, DERIVATION_ROW - bytes, "%*s%s", p->width - used - keep + 1, "", right);
        }
        p->rows++;
        text += n;
        text += strspn(text, " ");
    }
}

/* "   32.31 ms   ": values and units stand below one another. */
static void right_side(const struct derivation_line *l, char *buf, size_t size) {
    char number[32];
    const char *unit = l->unit ? l->unit : "";
    *buf = '\0';
    if (*l->word)
        snprintf(buf, size, "%s%*s", l->word, UNIT, "");
    else if (!isnan(l->value))
        snprintf(buf, size, "%s %-*s", formula_number(l->value, number), UNIT - 1, unit);
}

/* "fitted (vllm@hopper), 305 rows, residual 12 %: where they are from" */
static void describe_origin(const struct derivation_line *l, char *buf, size_t size) {
    char scope[ID_LEN + 4] = "", rows[48] = "", residual[64] = "", number[32];
    const struct constant_source *s = l->row;
    *buf = '\0';
    if (!l->has_origin)
        return;
    if (!s) {
        snprintf(buf, size, "%s", origin_names[l->origin]);
        return;
    }
    if (strcmp(s->scope, "*") != 0)
        snprintf(scope, sizeof scope, " (%s)", s->scope);
    if (!isnan(s->rows))
        snprintf(rows, sizeof rows, ", %s rows", formula_number(s->rows, number));
    if (!isnan(s->residual))
        snprintf(residual, sizeof residual, ", residual %s %%", formula_number(s->residual, number));
    snprintf(buf, size, "%s%s%s%s: %s", origin_names[l->origin], scope, rows, residual, s->text);
}

/* Name and words in columns, the value on the right. */
static void put_named(struct page *p, const struct derivation_line *l, const char *words) {
    char text[LONG_TEXT], right[64];
    right_side(l, right, sizeof right);
    int name = p->width < NARROW ? NAME_NARROW : NAME;
    snprintf(text, sizeof text, "%-*s %.900s", name, l->name, words);
    put(p, INDENT, INDENT + name + 1, text, right);
}

static void put_below(struct page *p, const char *sign, const char *text) {
    char row[LONG_TEXT];
    snprintf(row, sizeof row, "%s%s", sign, text);
    if (*text)
        put(p, HANGING, HANGING + 2, row, "");
}

static void put_term(struct page *p, const struct derivation_line *l) {
    char number[32], text[LONG_TEXT];
    bool alias = l->formula && !strpbrk(l->formula, " (");
    snprintf(text, sizeof text, "%s%s%s", l->meaning ? l->meaning : "", alias ? " = " : "", alias ? l->formula : "");
    put_named(p, l, text);
    if (!l->formula || alias)
        return;
    put_below(p, "= ", l->formula);
    if (strcmp(l->filled, formula_number(l->value, number)) != 0)
        put_below(p, "= ", l->filled);
}

static void put_class(struct page *p, const struct derivation_line *l, const char *origin) {
    char text[LONG_TEXT];
    if (l->meaning) {
        snprintf(text, sizeof text, "%s = %s", l->name, l->meaning);
        put(p, INDENT, HANGING, text, "");
    }
    put_below(p, "", l->filled);
    put_below(p, "", origin);
}

static void put_words(struct page *p, const struct derivation_line *l, const char *origin) {
    char text[LONG_TEXT];
    snprintf(text, sizeof text, "%s%s%s%s%s", l->name, *l->name ? ": " : "", l->filled, *origin ? "; " : "", origin);
    put(p, INDENT, HANGING, text, "");
}

static void put_result(struct page *p, const struct derivation_line *l, const char *origin) {
    char text[LONG_TEXT], right[64];
    right_side(l, right, sizeof right);
    int name = INDENT + (p->width < NARROW ? NAME_NARROW : NAME);
    snprintf(text, sizeof text, "%-*s %s%s%s%s%s", name, l->name, l->meaning, *l->filled ? ", " : "", l->filled,
             *origin ? ", " : "", origin);
    put(p, 0, INDENT, text, right);
}

static void put_fact(struct page *p, const struct derivation_line *l, const char *origin) {
    char text[LONG_TEXT];
    snprintf(text, sizeof text, "%s (%s, %s)", l->meaning, l->filled, origin);
    put_named(p, l, text);
}

int derivation_print(const struct derivation_line *l, int width, char row[DERIVATION_ROWS][DERIVATION_ROW]) {
    struct page p = {.width = width < DERIVATION_ROW / 2 ? width : DERIVATION_ROW / 2, .row = row};
    char origin[DERIVATION_TEXT], text[LONG_TEXT];
    describe_origin(l, origin, sizeof origin);
    switch (l->kind) {
    case DERIVED_HEADING:
        put(&p, 0, 0, l->meaning, "");
        break;
    case DERIVED_TERM:
        put_term(&p, l);
        break;
    case DERIVED_ROW:
        put_named(&p, l, l->filled);
        break;
    case DERIVED_SUM:
        put_named(&p, l, "their sum");
        break;
    case DERIVED_CONSTANT:
        put_named(&p, l, l->meaning);
        put_below(&p, "", origin);
        break;
    case DERIVED_CLASS:
        put_class(&p, l, origin);
        break;
    case DERIVED_FACT:
        put_fact(&p, l, origin);
        break;
    case DERIVED_INPUT:
    case DERIVED_LAW:
        put_named(&p, l, l->meaning);
        break;
    case DERIVED_FIGURE:
        snprintf(text, sizeof text, "%s (moescope explain %s)", l->meaning, l->name);
        put_named(&p, l, text);
        break;
    case DERIVED_SOURCE:
    case DERIVED_WORDS:
        put_words(&p, l, origin);
        break;
    case DERIVED_RESULT:
        put_result(&p, l, origin);
        break;
    }
    return p.rows;
}
