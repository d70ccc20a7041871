/* A canvas as text, with its roles, with ANSI colours: what scripts and tests see. */
#include "tui/canvas.h"

#include "tui/theme.h"
#include "tui/utf8.h"

const char role_letters[ROLE_COUNT + 1] = {
    [ROLE_TEXT] = '.',     [ROLE_DIM] = 'd',         [ROLE_TITLE] = 'T',     [ROLE_HEADING] = 'H',
    [ROLE_FRAME] = '+',    [ROLE_FRAME_FOCUS] = '#', [ROLE_LABEL] = 'l',     [ROLE_VALUE] = 'v',
    [ROLE_UNIT] = 'u',     [ROLE_SELECTED] = 'S',    [ROLE_ENTRY] = 'I',     [ROLE_CHANGED] = 'C',
    [ROLE_SLOT_A] = 'A',   [ROLE_SLOT_B] = 'B',      [ROLE_BETTER] = '!',    [ROLE_WARN] = 'W',
    [ROLE_ERROR] = 'E',    [ROLE_DENSE] = 'D',       [ROLE_EXPERTS] = 'X',   [ROLE_KV] = 'V',
    [ROLE_WORK] = 'w',     [ROLE_FREE] = 'f',        [ROLE_ATTENTION] = 'a', [ROLE_FFN] = 'F',
    [ROLE_COMM] = 'c',     [ROLE_HEAD] = 'h',        [ROLE_OTHER] = 'o',     [ROLE_KEY] = 'K',
    [ROLE_KEY_TEXT] = 'k',
};

static const struct cell *canvas_row(const struct canvas *c, int y) {
    return c->cell + (size_t)y * (size_t)c->w;
}

/* Whether nothing would be seen of the cell. */
static bool canvas_is_blank(const struct canvas *c, struct cell cell) {
    struct style style = theme_style(c->theme, (enum role)cell.role, 256);
    return cell.glyph == ' ' && style.bg < 0 && !(style.attrs & (STYLE_REVERSE | STYLE_UNDERLINE));
}

static void canvas_write_glyph(uint32_t glyph, FILE *out) {
    char utf8[UTF8_LEN];
    utf8_encode(glyph, utf8);
    fputs(utf8, out);
}

static void canvas_write_glyphs(const struct canvas *c, FILE *out) {
    for (int y = 0; y < c->h; y++) {
        const struct cell *row = canvas_row(c, y);
        int n = c->w;
        while (n > 0 && row[n - 1].glyph == ' ')
            n--;
        for (int x = 0; x < n; x++)
            canvas_write_glyph(row[x].glyph, out);
        fputc('\n', out);
    }
}

static void canvas_write_roles(const struct canvas *c, FILE *out) {
    for (int y = 0; y < c->h; y++) {
        const struct cell *row = canvas_row(c, y);
        int n = c->w;
        while (n > 0 && row[n - 1].glyph == ' ' && row[n - 1].role == ROLE_TEXT)
            n--;
        for (int x = 0; x < n; x++)
            fputc(role_letters[row[x].role], out);
        fputc('\n', out);
    }
}

void canvas_write_text(const struct canvas *c, FILE *out, bool roles) {
    canvas_write_glyphs(c, out);
    if (roles)
        canvas_write_roles(c, out);
}

static void canvas_write_sgr(struct style style, FILE *out) {
    static const char *const codes[] = {";1", ";2", ";4", ";7"}; /* in the order of enum style_attr */
    fputs("\033[0", out);
    for (unsigned i = 0; i < 4; i++)
        if (style.attrs & (1U << i))
            fputs(codes[i], out);
    if (style.fg >= 0)
        fprintf(out, ";38;5;%d", style.fg);
    if (style.bg >= 0)
        fprintf(out, ";48;5;%d", style.bg);
    fputc('m', out);
}

void canvas_write_ansi(const struct canvas *c, FILE *out) {
    for (int y = 0; y < c->h; y++) {
        const struct cell *row = canvas_row(c, y);
        uint8_t role =
            ROLE_TEXT; /* each line begins and ends plain, so that lines can be cut out and pasted */
        int n = c->w;
        while (n > 0 && canvas_is_blank(c, row[n - 1]))
            n--;
        for (int x = 0; x < n; x++) {
            if (row[x].role != role)
                canvas_write_sgr(theme_style(c->theme, (enum role)row[x].role, 256), out);
            role = row[x].role;
            canvas_write_glyph(row[x].glyph, out);
        }
        fputs(role == ROLE_TEXT ? "\n" : "\033[0m\n", out);
    }
}
