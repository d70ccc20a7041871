#include "tui/plain.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "catalog/catalog.h"
#include "tui/command_line.h"
#include "tui/digits.h"
#include "tui/figures.h"
#include "tui/find.h"
#include "tui/present.h"
#include "tui/ui_state.h"
#include "tui/utf8.h"
#include "tui/wrap.h"

enum { PLAIN_WIDTH = 100, PLAIN_HEIGHT = 30, ROW_WIDTH = 160, PAGE_HEIGHT = 400 };

/* --- words --- */

static const char *sign_words(uint32_t glyph) {
    static const struct {
        uint32_t glyph;
        const char *words;
    } signs[] = {
        {0x2192, " to "},     {0x00D7, " times "}, {0x2264, " at most "},       {0x2265, " at least "},
        {0x00B7, ", "},       {0x2212, " minus "}, {0x00B1, " plus or minus "}, {0x25CB, " maybe "},
        {0x25CF, " better "}, {0x2026, "... "},    {0x2190, " left "},          {0x2191, " up "},
        {0x2193, " down "},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].glyph == glyph)
            return signs[i].words;
    return NULL;
}

/* Lines, blocks, shapes, arrows and braille say nothing in a line of text. */
static bool is_drawing(uint32_t glyph) {
    return (glyph >= 0x2190 && glyph <= 0x21FF) || (glyph >= 0x2500 && glyph <= 0x25FF) ||
           (glyph >= 0x2800 && glyph <= 0x28FF);
}

enum { EN_DASH = 0x2013, RIGHT_ARROW = 0x2192 };

/* A blank only between words, and none before a comma. */
static void add_char(char *out, size_t *n, const char *utf8) {
    bool blank = strcmp(utf8, " ") == 0;
    if (blank && (*n == 0 || out[*n - 1] == ' '))
        return;
    if (*utf8 == ',' && *n > 0 && out[*n - 1] == ' ')
        (*n)--;
    size_t length = strlen(utf8);
    if (*n + length < PLAIN_LINE) {
        memcpy(out + *n, utf8, length + 1);
        *n += length;
    }
}

void plain_words(const char *text, char *out) {
    size_t n = 0;
    char utf8[UTF8_LEN];
    out[0] = '\0';
    for (uint32_t glyph; (glyph = utf8_next(&text)) != 0;) {
        const char *words = sign_words(glyph);
        if (glyph == EN_DASH) /* of a range, or alone */
            words = n > 0 && isalnum((unsigned char)out[n - 1]) && isdigit((unsigned char)*text) ? " to "
                                                                                                 : "unknown";
        if (glyph == RIGHT_ARROW && n >= 5 && strncmp(out + n - 5, "left ", 5) == 0)
            words = " right "; /* of keys */
        if (glyph == ' ' && strncmp(text, "  ", 2) == 0 && n > 0 && isalnum((unsigned char)out[n - 1]))
            words = ", "; /* a gap parts what belongs to other things */
        for (; words && *words; words++)
            add_char(out, &n, (char[]){*words, '\0'});
        if (words)
            continue;
        utf8_encode(glyph, utf8);
        add_char(out, &n, is_drawing(glyph) || glyph < ' ' ? " " : utf8);
    }
    while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == ','))
        out[--n] = '\0';
}

static void put_line(FILE *out, const char *text) {
    if (*text)
        fprintf(out, "%s\n", text);
}

static void row_text(const struct canvas *c, int y, char *out) {
    char text[PLAIN_LINE] = "", utf8[UTF8_LEN];
    for (int x = 0; x < c->w; x++) {
        utf8_encode(c->cell[(size_t)y * (size_t)c->w + (size_t)x].glyph, utf8);
        text_add(text, sizeof text, "%s", utf8);
    }
    plain_words(text, out);
}

/* --- what has the focus: its name, and its value, which may change alone --- */

struct telling {
    char name[PLAIN_LINE], value[PLAIN_LINE];
};

static void tell_field(const struct ui *u, struct telling *t) {
    char value[MODEL_REF_LEN > VALUE_LEN ? MODEL_REF_LEN : VALUE_LEN], range[VALUE_LEN];
    const struct field *f = ui_field(u);
    deployment_print(ui_deployment(u), ui_scenario(u), f, value);
    snprintf(t->name, sizeof t->name, "%s, %s, %s: ", slot_names[u->view.edited], field_group_names[f->group],
             f->label);
    snprintf(t->value, sizeof t->value, "%s%s%s%s. Allowed: %s", *value ? value : "none", f->unit ? " " : "",
             f->unit ? f->unit : "", scenario_is_default(ui_scenario(u), f) ? ", the default" : "",
             ui_range(f, range));
}

static void add_figure(const struct ui *u, enum estimate_field_id id, char *buf, size_t size) {
    const struct estimate *a = &u->view.slot[SLOT_A].now, *b = &u->view.slot[SLOT_B].now;
    const struct estimate_field *f = &estimate_fields[id];
    int better = figures_better(a, b, id);
    char digits[DIGITS_LEN];
    for (int i = 0; i < SLOT_COUNT; i++) {
        double value = figures_value(i == SLOT_A ? a : b, id);
        text_add(buf, size, "%s%s %s %s", i ? ", " : "", slot_names[i],
                 isnan(value) ? "unknown" : digits_print(value, DIGITS_REAL, digits),
                 isnan(value) || !f->unit ? "" : f->unit);
    }
    if (better >= 0)
        text_add(buf, size, ". %s %s better", slot_names[better],
                 figures_certain(a, b, id) ? "is" : "may be");
}

static void add_interval(const struct ui *u, enum estimate_field_id id, char *buf, size_t size) {
    char from[DIGITS_LEN], to[DIGITS_LEN];
    double lo, hi;
    for (int i = 0; i < SLOT_COUNT; i++)
        if (figures_interval(&u->view.slot[i].now, id, &lo, &hi))
            text_add(buf, size, "%s%s %s to %s", *buf ? ", " : "", slot_names[i],
                     digits_print(lo, DIGITS_REAL, from), digits_print(hi, DIGITS_REAL, to));
}

static void tell_pane(const struct ui *u, struct telling *t) {
    const struct shown_row *row = figure_cursor_row(u);
    int slot = view_mend_slot(&u->view);
    snprintf(t->name, sizeof t->name, "%s: ", pane_ops[u->pane].title);
    if (row) {
        text_add(t->name, sizeof t->name, "%s%s: ", estimate_fields[row->id].label,
                 row->interval ? ", p10 to p90" : "");
        (row->interval ? add_interval : add_figure)(u, row->id, t->value, sizeof t->value);
    } else if (slot >= 0 && u->view.mend < u->view.slot[slot].n_mends) {
        snprintf(t->value, sizeof t->value, "a move that mends %s: %s. Enter adopts it", slot_names[slot],
                 u->view.slot[slot].mend[u->view.mend].text);
    }
}

/* The cells of a row of a table, as words. */
static void wide_row_text(struct ui *u, int at, char *row) {
    struct canvas c = {.glyphs = GLYPHS_UTF8};
    if (!canvas_resize(&c, ROW_WIDTH, 1))
        return;
    wide_ops[u->wide]->row(u, at, &c, (struct rect){0, 0, ROW_WIDTH, 1}, true);
    row_text(&c, 0, row);
    canvas_free(&c);
}

static void tell_wide(struct ui *u, struct telling *t) {
    const struct wide_ops *ops = wide_ops[u->wide];
    char note[WIDE_NOTE_LEN] = "", row[PLAIN_LINE] = "";
    bool shown = !ops->study || u->study[u->wide].shown, plot = ops->draw != NULL;
    int at = plot ? 0 : u->wide_at[u->wide].row, n = !shown ? 0 : plot ? 1 : ops->count(u);
    bool table = !plot && at < n;
    snprintf(t->name, sizeof t->name, "%s: ", ops->title);
    if (table) {
        snprintf(t->name, sizeof t->name, "%s, row %d of %d: ", ops->title, at + 1, n);
        wide_row_text(u, at, row);
    }
    if (at < n)
        ops->note(u, at, note, sizeof note);
    if (!shown)
        snprintf(note, sizeof note, "no memory for this view");
    snprintf(t->value, sizeof t->value, "%.300s%s%s", row, table ? ". " : "", note);
}

static void tell_preset(const struct ui *u, struct telling *t) {
    const struct scenario_preset *p = presets_at(u, u->preset);
    snprintf(t->name, sizeof t->name, "presets that hold '%s': ", u->entry);
    if (p)
        snprintf(t->value, sizeof t->value, "%zu of %zu, %s, %s", u->preset + 1, presets_count(u), p->id,
                 p->name);
    else
        snprintf(t->value, sizeof t->value, "none; Backspace widens the search");
}

static void tell_present(const struct ui *u, struct telling *t) {
    const char *title;
    enum estimate_field_id id = present_figure(u, &title);
    snprintf(t->name, sizeof t->name, "%s: ", title);
    add_figure(u, id, t->value, sizeof t->value);
}

static void tell_find(const struct ui *u, struct telling *t) {
    snprintf(t->name, sizeof t->name, "named '%s': ", u->entry);
    if (!*find_print(u, t->value, sizeof t->value))
        snprintf(t->value, sizeof t->value, "none; Backspace widens the search");
}

static void tell_focus(struct ui *u, struct telling *t) {
    *t = (struct telling){"", ""};
    switch (u->mode) {
    case MODE_COLUMN:
        tell_field(u, t);
        break;
    case MODE_PANES:
        tell_pane(u, t);
        break;
    case MODE_WIDE:
        tell_wide(u, t);
        break;
    case MODE_PRESENT:
        tell_present(u, t);
        break;
    case MODE_ENTRY:
        snprintf(t->name, sizeof t->name, "typing %s: ", ui_field(u)->label);
        snprintf(t->value, sizeof t->value, "%s", u->entry);
        break;
    case MODE_PRESETS:
        tell_preset(u, t);
        break;
    case MODE_QUIT:
        snprintf(t->name, sizeof t->name, "unsaved session: q again to quit, e to export, Esc to stay");
        break;
    case MODE_COMMAND:
        snprintf(t->name, sizeof t->name, "command: ");
        snprintf(t->value, sizeof t->value, "%s", command_line_text(u));
        break;
    case MODE_FIND:
        tell_find(u, t);
        break;
    case MODE_HELP_FIND:
        snprintf(t->name, sizeof t->name, "search in the help: ");
        snprintf(t->value, sizeof t->value, "%s", u->entry);
        break;
    default:
        break;
    }
}

/* --- pages: help and workings are read out whole when they open --- */

static void tell_page(struct plain *p, struct ui *u, FILE *out) {
    struct canvas c = {.glyphs = GLYPHS_UTF8};
    char line[PLAIN_LINE];
    bool page = u->mode == MODE_HELP || u->mode == MODE_WORKING;
    bool told = p->page == (int)u->mode;
    p->page = page ? (int)u->mode : 0;
    if (!page || told || !canvas_resize(&c, PLAIN_WIDTH, PAGE_HEIGHT))
        return;
    u->page_scroll = 0;
    if (u->mode == MODE_HELP)
        overlay_draw_help(u, &c);
    else
        overlay_draw_working(u, &c);
    for (int y = 0; y < c.h; y++) {
        row_text(&c, y, line);
        put_line(out, line);
    }
    canvas_free(&c);
    put_line(out, "Esc goes back.");
}

/* --- what is new --- */

/* Prints the text if it is not the one that was told last. */
static bool tell_new(char told[PLAIN_LINE], const char *text, FILE *out) {
    char words[PLAIN_LINE];
    plain_words(text, words);
    if (strcmp(told, words) == 0)
        return false;
    snprintf(told, PLAIN_LINE, "%s", words);
    put_line(out, words);
    return true;
}

static void tell_slots(struct plain *p, const struct ui *u, FILE *out) {
    char text[PLAIN_LINE] = "";
    for (int i = 0; i < SLOT_COUNT; i++) {
        const struct deployment *d = &u->view.slot[i].deployment;
        text_add(text, sizeof text, "%s%s: %s, %d GPUs %s", i ? ". " : "", slot_names[i],
                 d->model ? d->model->name : "?", d->gpus, d->gpu ? d->gpu->name : "?");
    }
    tell_new(p->slots, text, out);
}

void plain_tell(struct plain *p, struct ui *u, FILE *out) {
    struct telling now;
    char line[2 * PLAIN_LINE], caption[CAPTION_TEXT];
    if (p->canvas.w == 0 && !canvas_resize(&p->canvas, PLAIN_WIDTH, PLAIN_HEIGHT))
        return;
    ui_draw(u, &p->canvas);
    tell_new(p->caption, caption_expand(u, caption, sizeof caption), out);
    tell_slots(p, u, out);
    snprintf(line, sizeof line, "%s%s", u->message_error ? "error: " : "", u->message);
    bool said = tell_new(p->message, u->message[0] ? line : "", out) && u->message[0];
    tell_page(p, u, out);
    tell_focus(u, &now);
    bool moved = strcmp(now.name, p->focus) != 0, changed = strcmp(now.value, p->value) != 0;
    snprintf(p->focus, sizeof p->focus, "%s", now.name);
    snprintf(p->value, sizeof p->value, "%s", now.value);
    if (moved || (changed && !(said && u->mode == MODE_COLUMN))) { /* the message tells before and after */
        char words[PLAIN_LINE];
        snprintf(line, sizeof line, "%s%s", now.name, now.value);
        plain_words(line, words);
        put_line(out, words);
    }
    snprintf(line, sizeof line, "%s %s", u->verdict.line[0], u->verdict.line[1]);
    tell_new(p->verdict, line, out);
}

void plain_close(struct plain *p) {
    canvas_free(&p->canvas);
}
