/* The caption on the screen: a rule, then its words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "catalog/catalog.h"
#include "tui/caption.h"
#include "tui/digits.h"
#include "tui/figures.h"
#include "tui/ui_state.h"
#include "tui/wrap.h"

enum { CAPTION_ROWS = 4 }; /* of words at most: the panes give way */

void ui_caption(struct ui *u, const char *text, const char *hint) {
    snprintf(u->caption, sizeof u->caption, "%s", text);
    snprintf(u->caption_hint, sizeof u->caption_hint, "%s", hint ? hint : "");
}

void ui_hint(struct ui *u, const char *hint) {
    snprintf(u->caption_hint, sizeof u->caption_hint, "%s", hint);
}

static void add_field(const struct ui *u, int slot, const struct field *f, char *buf, size_t size) {
    char value[MODEL_REF_LEN > VALUE_LEN ? MODEL_REF_LEN : VALUE_LEN];
    const struct deployment *d = &u->view.slot[slot].deployment;
    if (f->choices == CHOICE_MODEL && d->model)
        text_add(buf, size, "%s", d->model->name);
    else if (f->choices == CHOICE_GPU && d->gpu)
        text_add(buf, size, "%s", d->gpu->name);
    else
        text_add(buf, size, "%s", deployment_print(d, session_scenario(u->session, slot), f, value));
}

static void add_figure(const struct ui *u, int slot, const struct estimate_field *f, bool percent, char *buf,
                       size_t size) {
    char digits[DIGITS_LEN];
    double value = figures_value(&u->view.slot[slot].now, (enum estimate_field_id)(f - estimate_fields));
    const char *unit = isnan(value) ? "" : percent ? "%" : f->unit ? f->unit : "";
    text_add(buf, size, "%s%s%s", digits_print(value, percent ? DIGITS_PERCENT : DIGITS_REAL, digits),
             *unit ? " " : "", unit);
}

const char *caption_expand(const struct ui *u, char *buf, size_t size) {
    struct caption_name name;
    buf[0] = '\0';
    for (const char *text = u->caption; *text;) {
        size_t plain = strcspn(text, "{"), length = text[plain] ? strcspn(text + plain + 1, "}") : 0;
        text_add(buf, size, "%.*s", (int)plain, text);
        text += plain;
        if (!*text)
            break;
        if (caption_read_name(text + 1, length, &name)) {
            int slot = name.slot < 0 ? u->view.edited : name.slot;
            if (name.verdict)
                text_add(buf, size, "%s", u->verdict.brief);
            else if (name.field)
                add_field(u, slot, name.field, buf, size);
            else
                add_figure(u, slot, name.figure, name.percent, buf, size);
        }
        text += length + (text[length + 1] ? 2 : 1);
    }
    return buf;
}

int caption_rows(const struct ui *u, int w) {
    char text[CAPTION_TEXT];
    if (!u->caption[0])
        return 0;
    int rows = wrap_rows(w - 2, caption_expand(u, text, sizeof text));
    return 1 + (rows < CAPTION_ROWS ? rows : CAPTION_ROWS);
}

void caption_draw(const struct ui *u, struct canvas *c, struct rect r) {
    char text[CAPTION_TEXT];
    if (r.h < 2)
        return;
    canvas_fill(c, r, ' ', ROLE_TEXT);
    canvas_fill(c, (struct rect){r.x, r.y, r.w, 1}, 0x2500, ROLE_FRAME_FOCUS);
    int hint = text_width(u->caption_hint);
    if (hint > 0) {
        canvas_put(c, r.x + r.w - hint - 3, r.y, ' ', ROLE_FRAME);
        canvas_text(c, r.x + r.w - hint - 2, r.y, hint, u->caption_hint, ROLE_KEY_TEXT);
        canvas_put(c, r.x + r.w - 2, r.y, ' ', ROLE_FRAME);
    }
    caption_expand(u, text, sizeof text);
    wrap_text(c, (struct rect){r.x + 1, r.y + 1, r.w - 2, r.h - 1}, text, ROLE_VALUE);
}
