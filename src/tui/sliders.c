/* The column of sliders: every scenario field, in groups, on the edited slot. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/digits.h"
#include "tui/hot.h"
#include "tui/slots.h"
#include "tui/ui_state.h"
#include "tui/wrap.h"

enum { LABEL = 15, VALUE = 9, DETAIL_ROWS = 3 };

/* Where on the scale a value lies, 0-1; NAN when there is none. A doubling scale from 0 begins at 1. */
static double position(const struct field *f, double v) {
    double low = f->min, high = f->max;
    if (f->scale == SCALE_LOG2) {
        low = log2(low > 0 ? low : 1);
        high = log2(high);
        v = log2(v);
    }
    return v < low ? 0 : v > high ? 1 : (v - low) / (high - low);
}

static int index_of(const struct field *f) {
    return (int)(f - scenario_fields);
}

static void draw_track(const struct ui *u, struct canvas *c, int x, int y, int w, const struct field *f, bool selected) {
    double v = deployment_number(ui_deployment(u), f);
    hot_note(u, (struct rect){x, y, w, 1}, HOT_TRACK, index_of(f));
    for (int i = 0; i < w; i++)
        canvas_put(c, x + i, y, 0x2500, ROLE_DIM);
    if (isnan(v))
        return;
    canvas_put(c, x + (int)floor(position(f, v) * (w - 1) + 0.5), y, 0x25CF,
               selected ? ROLE_SELECTED : ROLE_VALUE);
}

/* The value in words: thousands spaced, "none" where nothing is set, "auto" behind a derived default. */
static void value_text(const struct ui *u, const struct field *f, int width, char *buf) {
    double v = f->type == FIELD_TEXT ? NAN : deployment_number(ui_deployment(u), f);
    bool derived = !f->default_text && scenario_is_default(ui_scenario(u), f);
    if (f->type == FIELD_TEXT)
        deployment_print(ui_deployment(u), ui_scenario(u), f, buf);
    else if (f->type == FIELD_INTEGER)
        digits_print(v, DIGITS_COUNT, buf);
    else
        number_print(v, buf);
    bool none = f->type == FIELD_TEXT ? !*buf : isnan(v);
    if (none)
        snprintf(buf, VALUE_LEN, "none");
    if (derived && !none && text_width(buf) + 5 <= width)
        text_add(buf, VALUE_LEN, " auto");
}

static enum role value_role(const struct ui *u, const struct field *f, bool selected) {
    bool derived = !f->default_text && scenario_is_default(ui_scenario(u), f);
    return selected ? ROLE_SELECTED : derived || !deployment_reads(ui_deployment(u), f) ? ROLE_DIM : ROLE_VALUE;
}

static void draw_choice(const struct ui *u, struct canvas *c, int x, int y, int w, const struct field *f, bool selected) {
    enum role arrow = selected ? ROLE_SELECTED : ROLE_DIM;
    char value[VALUE_LEN];
    value_text(u, f, w - 4, value);
    hot_note(u, (struct rect){x, y, w, 1}, HOT_FIELD, index_of(f));
    hot_note(u, (struct rect){x, y, 2, 1}, HOT_LESS, index_of(f));
    hot_note(u, (struct rect){x + w - 2, y, 2, 1}, HOT_MORE, index_of(f));
    canvas_put(c, x, y, 0x25C2, arrow);         /* ◂ */
    canvas_put(c, x + w - 1, y, 0x25B8, arrow); /* ▸ */
    canvas_text(c, x + 2, y, w - 4, value, value_role(u, f, selected));
}

/* What is being typed takes the place of the value, with the hardware cursor behind it. */
static void draw_entry(const struct ui *u, struct canvas *c, int x, int y, int w) {
    int n = text_width(u->entry), skip = n > w - 1 ? n - (w - 1) : 0;
    canvas_fill(c, (struct rect){x, y, w, 1}, ' ', ROLE_ENTRY);
    int used = canvas_text(c, x, y, w, u->entry + skip, u->entry_first ? ROLE_SELECTED : ROLE_ENTRY);
    c->cursor_x = x + used;
    c->cursor_y = y;
}

/* The control of a field, in w cells: choice, or track and value. */
static void draw_control(const struct ui *u, struct canvas *c, int x, int y, int w, const struct field *f,
                         bool selected) {
    char text[VALUE_LEN];
    if (selected && u->mode == MODE_ENTRY) {
        draw_entry(u, c, x, y, w);
        return;
    }
    if (f->type == FIELD_TEXT) {
        draw_choice(u, c, x, y, w, f, selected);
        return;
    }
    value_text(u, f, VALUE, text);
    draw_track(u, c, x, y, w - VALUE - 1, f, selected);
    hot_note(u, (struct rect){x + w - VALUE, y, VALUE, 1}, HOT_FIELD, index_of(f));
    canvas_text_right(c, x + w - VALUE, y, VALUE, text, value_role(u, f, selected));
}

static void draw_label(const struct ui *u, struct canvas *c, int x, int y, int w, const struct field *f,
                       bool selected) {
    bool focus = selected && ui_base_mode(u) == MODE_COLUMN;
    canvas_put(c, x, y, selected ? 0x25B8 : ' ', focus ? ROLE_FRAME_FOCUS : ROLE_DIM);
    bool locked = slots_locked(u, index_of(f));
    canvas_text(c, x + 1, y, w - 1 - locked, f->label, focus ? ROLE_SELECTED : ROLE_LABEL);
    if (locked)
        canvas_put(c, x + w - 1, y, '=', ROLE_KEY);
    hot_note(u, (struct rect){x, y, w, 1}, HOT_FIELD, index_of(f));
    if (selected && u->mode != MODE_ENTRY) {
        c->cursor_x = x;
        c->cursor_y = y;
    }
}

static int least(int a, int b) {
    return a < b ? a : b;
}

/* Range, unit and default of the selected field. */
static void draw_detail(const struct ui *u, struct canvas *c, struct rect r, bool with_help) {
    const struct field *f = ui_field(u);
    char text[2 * VALUE_LEN];
    ui_range(f, text);
    int row = wrap_text(c, (struct rect){r.x, r.y, r.w, least(r.h, with_help ? 3 : 1)}, text, ROLE_DIM);
    snprintf(text, sizeof text, "default %s", f->default_text ? f->default_text : f->default_note);
    if (row < r.h)
        row += wrap_text(c, (struct rect){r.x, r.y + row, r.w, least(r.h - row, with_help ? 3 : 2)}, text, ROLE_DIM);
    if (with_help && row + 1 < r.h)
        wrap_text(c, (struct rect){r.x, r.y + row + 1, r.w, r.h - row - 1}, f->help, ROLE_TEXT);
}

/* --- the whole column --- */

/* The row of a field in the list: a heading before each group. */
static int list_row(int field) {
    return field + (int)scenario_fields[field].group + 1;
}

static void draw_group(const struct ui *u, struct canvas *c, int x, int y, int w, enum field_group group) {
    hot_note(u, (struct rect){x, y, w, 1}, HOT_GROUP, (int)group);
    char name[64];
    size_t n = 0;
    for (const char *p = field_group_names[group]; *p && n + 1 < sizeof name; p++)
        name[n++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    name[n] = '\0';
    canvas_text(c, x, y, w, name, ROLE_HEADING);
}

static void keep_selected_in_sight(struct ui *u, int rows) {
    int row = list_row(u->field), total = list_row(FIELD_COUNT - 1) + 1;
    int above =
        u->field > 0 && scenario_fields[u->field - 1].group == scenario_fields[u->field].group ? 1 : 2;
    if (u->scroll > row - above)
        u->scroll = row - above;
    if (u->scroll < row + 2 - rows)
        u->scroll = row + 2 - rows;
    if (u->scroll > total - rows)
        u->scroll = total - rows;
    if (u->scroll < 0)
        u->scroll = 0;
}

static void draw_list(struct ui *u, struct canvas *c, struct rect r) {
    int total = list_row(FIELD_COUNT - 1) + 1;
    keep_selected_in_sight(u, r.h);
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        int y = r.y + list_row(i) - u->scroll;
        bool selected = i == u->field;
        if ((i == 0 || scenario_fields[i - 1].group != f->group) && y - 1 >= r.y && y - 1 < r.y + r.h)
            draw_group(u, c, r.x, y - 1, r.w - 2, f->group);
        if (y < r.y || y >= r.y + r.h)
            continue;
        draw_label(u, c, r.x, y, LABEL, f, selected);
        draw_control(u, c, r.x + LABEL, y, r.w - LABEL, f, selected);
    }
    if (u->scroll > 0)
        canvas_put(c, r.x + r.w - 1, r.y - 1, 0x25B4, ROLE_KEY); /* ▴ on the frame */
    if (u->scroll + r.h < total)
        canvas_put(c, r.x + r.w - 1, r.y + r.h, 0x25BE, ROLE_KEY); /* ▾ */
}

static void draw_full(struct ui *u, struct canvas *c, const struct layout *l) {
    struct rect r = layout_inner(l, l->column);
    char title[32];
    int spare = r.h - list_row(FIELD_COUNT - 1) - 2, detail = spare > DETAIL_ROWS ? spare : DETAIL_ROWS;
    snprintf(title, sizeof title, "%s under edit", slot_names[u->view.edited]);
    canvas_frame(c, l->column, title, ui_base_mode(u) == MODE_COLUMN);
    struct rect foot = {r.x, r.y + r.h - detail, r.w, detail};
    canvas_fill(c, (struct rect){r.x, foot.y - 1, r.w, 1}, 0x2500, ROLE_FRAME);
    draw_list(u, c, (struct rect){r.x, r.y, r.w, r.h - detail - 1});
    draw_detail(u, c, foot, detail > 6);
}

/* --- one group of it --- */

/* The names of all groups, first words only, on two rows; the present one is marked. */
static int draw_strip(const struct ui *u, struct canvas *c, struct rect r) {
    int x = 0, row = 0;
    for (int i = 0; i < GROUP_COUNT; i++) {
        bool here = ui_field(u)->group == (enum field_group)i;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(field_group_names[i], " "), field_group_names[i]);
        int w = text_width(name);
        if (x + w > r.w)
            x = 0, row++;
        canvas_text(c, r.x + x, r.y + row, r.w - x, name, here ? ROLE_SELECTED : ROLE_DIM);
        hot_note(u, (struct rect){r.x + x, r.y + row, w, 1}, HOT_GROUP, i);
        x += w + 1;
    }
    return row + 1;
}

static int draw_compact_field(const struct ui *u, struct canvas *c, struct rect r, int y,
                              const struct field *f) {
    bool selected = f == ui_field(u);
    char text[VALUE_LEN];
    draw_label(u, c, r.x, y, LABEL - 1, f, selected);
    if (selected && u->mode == MODE_ENTRY) {
        draw_entry(u, c, r.x + LABEL - 1, y, r.w - LABEL + 1);
    } else if (f->type != FIELD_TEXT) {
        value_text(u, f, VALUE, text);
        canvas_text_right(c, r.x + r.w - VALUE, y, VALUE, text, value_role(u, f, selected));
        hot_note(u, (struct rect){r.x + r.w - VALUE, y, VALUE, 1}, HOT_FIELD, index_of(f));
    }
    if (f->type != FIELD_TEXT) {
        draw_track(u, c, r.x + 1, y + 1, r.w - 1, f, selected);
        return 2;
    }
    draw_choice(u, c, r.x + 1, y + 1, r.w - 1, f, selected);
    return 2;
}

static void draw_compact(struct ui *u, struct canvas *c, const struct layout *l) {
    struct rect r = layout_inner(l, l->column);
    bool focus = ui_base_mode(u) == MODE_COLUMN;
    char title[32];
    canvas_fill(c, (struct rect){l->column.x, l->column.y, l->column.w - 1, 1}, 0x2500,
                focus ? ROLE_FRAME_FOCUS : ROLE_FRAME);
    snprintf(title, sizeof title, "%s%s under edit ", focus ? "▸" : "", slot_names[u->view.edited]);
    canvas_text(c, l->column.x, l->column.y, l->column.w, title, view_slot_role(u->view.edited));
    int row = draw_strip(u, c, r);
    for (int i = 0; i < FIELD_COUNT && row + 1 < r.h; i++)
        if (scenario_fields[i].group == ui_field(u)->group)
            row += draw_compact_field(u, c, r, r.y + row, &scenario_fields[i]);
    row++;
    if (row < r.h)
        draw_detail(u, c, (struct rect){r.x, r.y + row, r.w, r.h - row}, true);
}

void sliders_draw(struct ui *u, struct canvas *c, const struct layout *l) {
    hot_note(u, l->column, HOT_COLUMN, 0);
    if (l->compact)
        draw_compact(u, c, l);
    else
        draw_full(u, c, l);
}
