#include "tui/utf8.h"

struct range {
    uint32_t first, last;
};

/* Direction controls are here too: a preset's name must not be able to turn the screen round. */
static const struct range zero_width[] = {
    {0x00AD, 0x00AD}, {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},
    {0x0610, 0x061A}, {0x064B, 0x065F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE01EF},
};

static const struct range wide[] = {
    {0x1100, 0x115F}, {0x231A, 0x231B}, {0x23E9, 0x23EC},   {0x2614, 0x2615},   {0x2648, 0x2653},
    {0x26A1, 0x26A1}, {0x2705, 0x2705}, {0x274C, 0x274C},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},
    {0x3041, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F000, 0x1FAFF}, {0x20000, 0x3FFFD},
};

static int utf8_in(const struct range *r, size_t n, uint32_t glyph) {
    for (size_t i = 0; i < n; i++)
        if (glyph >= r[i].first && glyph <= r[i].last)
            return 1;
    return 0;
}

int utf8_cell_width(uint32_t glyph) {
    if (glyph < 0x00AD)
        return 1;
    if (utf8_in(zero_width, sizeof zero_width / sizeof *zero_width, glyph))
        return 0;
    return utf8_in(wide, sizeof wide / sizeof *wide, glyph) ? 2 : 1;
}

/* Bytes after the first, and the smallest character that needs them (shorter forms exist: overlong, refused).
 */
static int utf8_follow(unsigned char lead, uint32_t *bits, uint32_t *least) {
    if (lead >= 0xC2 && lead <= 0xDF) {
        *bits = lead & 0x1F;
        *least = 0x80;
        return 1;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *bits = lead & 0x0F;
        *least = 0x800;
        return 2;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *bits = lead & 0x07;
        *least = 0x10000;
        return 3;
    }
    return 0;
}

uint32_t utf8_next(const char **text) {
    const unsigned char *p = (const unsigned char *)*text;
    if (*p == 0)
        return 0;
    ++*text;
    if (*p < 0x80)
        return *p;
    uint32_t glyph = 0, least = 0;
    int n = utf8_follow(*p, &glyph, &least);
    for (int i = 1; i <= n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return UTF8_REPLACEMENT;
        glyph = glyph << 6 | (p[i] & 0x3F);
    }
    if (n == 0 || glyph < least || glyph > 0x10FFFF || (glyph >= 0xD800 && glyph <= 0xDFFF))
        return UTF8_REPLACEMENT;
    *text += n;
    return glyph;
}

size_t utf8_encode(uint32_t glyph, char *buf) {
    static const unsigned char lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    if (glyph > 0x10FFFF || (glyph >= 0xD800 && glyph <= 0xDFFF))
        glyph = UTF8_REPLACEMENT;
    size_t n = glyph < 0x80 ? 1 : glyph < 0x800 ? 2 : glyph < 0x10000 ? 3 : 4;
    buf[n] = '\0';
    for (size_t i = n - 1; i > 0; i--) {
        buf[i] = (char)(0x80 | (glyph & 0x3F));
        glyph >>= 6;
    }
    buf[0] = (char)(lead[n] | glyph);
    return n;
}
