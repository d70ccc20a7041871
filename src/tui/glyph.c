#include "tui/glyph.h"

#include <stdbool.h>

#include "tui/utf8.h"

struct degrade {
    uint32_t glyph;
    char ascii;
};

enum { BRAILLE = 0x2800, DOTS = 256 };

/* Sorted by glyph. The shades and the full block stay apart from one another, and so do the eighths: bars
 * tell their segments by glyph where there is no colour. */
/* clang-format off */
static const struct degrade degrades[] = {
    {0x00A0, ' '}, {0x00A3, 'L'}, {0x00A7, 'S'}, {0x00AB, '<'}, {0x00B0, 'o'}, {0x00B1, '~'}, {0x00B2, '2'},
    {0x00B3, '3'}, {0x00B5, 'u'}, {0x00B7, '.'}, {0x00B9, '1'}, {0x00BB, '>'}, {0x00BD, '/'}, {0x00D7, 'x'},
    {0x00F7, '/'},
    {0x0394, 'D'}, {0x03A3, 'S'}, {0x03B1, 'a'}, {0x03B2, 'b'}, {0x03BB, 'l'}, {0x03BC, 'u'}, {0x03C0, 'p'},
    {0x03C3, 's'},
    {0x2007, ' '}, {0x2008, ' '}, {0x2009, ' '}, {0x200A, ' '}, {0x2010, '-'}, {0x2011, '-'}, {0x2012, '-'},
    {0x2013, '-'}, {0x2014, '-'}, {0x2018, '\''}, {0x2019, '\''}, {0x201C, '"'}, {0x201D, '"'}, {0x2020, '+'},
    {0x2022, '*'}, {0x2026, '~'}, {0x202F, ' '}, {0x2030, '%'}, {0x2032, '\''}, {0x20AC, 'E'},
    {0x2190, '<'}, {0x2191, '^'}, {0x2192, '>'}, {0x2193, 'v'}, {0x2194, '-'}, {0x2195, '|'}, {0x21B5, '<'},
    {0x21D2, '>'},
    {0x2206, 'D'}, {0x2211, 'S'}, {0x2212, '-'}, {0x2215, '/'}, {0x221A, 'V'}, {0x221E, '8'}, {0x2248, '~'},
    {0x2260, '!'}, {0x2264, '<'}, {0x2265, '>'},
    /* box drawing: light, heavy, double, rounded */
    {0x2500, '-'}, {0x2501, '='}, {0x2502, '|'}, {0x2503, '|'}, {0x2504, '-'}, {0x2506, ':'}, {0x2508, '.'},
    {0x250A, ':'}, {0x250C, '+'}, {0x250F, '+'}, {0x2510, '+'}, {0x2513, '+'}, {0x2514, '+'}, {0x2517, '+'},
    {0x2518, '+'}, {0x251B, '+'}, {0x251C, '+'}, {0x2523, '+'}, {0x2524, '+'}, {0x252B, '+'}, {0x252C, '+'},
    {0x2533, '+'}, {0x2534, '+'}, {0x253B, '+'}, {0x253C, '+'}, {0x254B, '+'}, {0x254C, '-'}, {0x254E, ':'},
    {0x2550, '='}, {0x2551, '|'}, {0x2554, '+'}, {0x2557, '+'}, {0x255A, '+'}, {0x255D, '+'}, {0x2560, '+'},
    {0x2563, '+'}, {0x2566, '+'}, {0x2569, '+'}, {0x256C, '+'}, {0x256D, '+'}, {0x256E, '+'}, {0x256F, '+'},
    {0x2570, '+'}, {0x2574, '-'}, {0x2575, '|'}, {0x2576, '-'}, {0x2577, '|'}, {0x2578, '='}, {0x257A, '='},
    /* blocks: upper half, eighths from below, full, eighths from the left, right half, shades */
    {0x2580, '^'}, {0x2581, '_'}, {0x2582, ','}, {0x2583, ':'}, {0x2584, 'o'}, {0x2585, '+'}, {0x2586, '*'},
    {0x2587, '@'}, {0x2588, '#'}, {0x2589, '#'}, {0x258A, '#'}, {0x258B, '#'}, {0x258C, '|'}, {0x258D, '|'},
    {0x258E, '|'}, {0x258F, '|'}, {0x2590, '|'}, {0x2591, '-'}, {0x2592, '='}, {0x2593, '%'}, {0x2594, '^'},
    {0x2596, '.'}, {0x2597, '.'}, {0x2598, '\''}, {0x2599, ':'}, {0x259A, ':'}, {0x259B, ':'}, {0x259C, ':'},
    {0x259D, '\''}, {0x259E, ':'}, {0x259F, ':'},
    {0x25A0, '#'}, {0x25A1, 'o'}, {0x25AA, '#'}, {0x25AB, 'o'}, {0x25B2, '^'}, {0x25B4, '^'}, {0x25B6, '>'},
    {0x25B8, '>'}, {0x25BC, 'v'}, {0x25BE, 'v'}, {0x25C0, '<'}, {0x25C2, '<'}, {0x25C6, '*'}, {0x25C7, 'o'},
    {0x25CB, 'o'}, {0x25CF, '*'}, {0x25E6, 'o'}, {0x2605, '*'}, {0x2606, '*'}, {0x26A0, '!'}, {0x2713, 'v'},
    {0x2714, 'v'}, {0x2717, 'x'}, {0x2718, 'x'},
};
/* clang-format on */

enum { DEGRADES = sizeof degrades / sizeof *degrades };

/* Quadrants by which are filled: upper left 1, upper right 2, lower left 4, lower right 8. */
static const uint32_t quadrants[] = {' ',    0x2598, 0x259D, 0x2580, 0x2596, 0x258C, 0x259E, 0x259B,
                                     0x2597, 0x259A, 0x2590, 0x259C, 0x2584, 0x2599, 0x259F, 0x2588};
static const unsigned quadrant_dots[] = {1 | 2, 8 | 16, 4 | 64, 32 | 128};

enum { QUADRANTS = sizeof quadrant_dots / sizeof *quadrant_dots };

unsigned glyph_dot(int x, int y) {
    static const unsigned dots[GLYPH_DOTS_WIDE][GLYPH_DOTS_HIGH] = {{1, 2, 4, 64}, {8, 16, 32, 128}};
    return dots[x][y];
}

uint32_t glyph_from_dots(unsigned dots) {
    return BRAILLE + dots % DOTS;
}

static bool is_braille(uint32_t glyph) {
    return glyph >= BRAILLE && glyph < BRAILLE + DOTS;
}

unsigned glyph_dots(uint32_t glyph) {
    if (is_braille(glyph))
        return glyph - BRAILLE;
    for (unsigned set = 1; set < 1u << QUADRANTS; set++) {
        unsigned dots = 0;
        for (int i = 0; i < QUADRANTS && quadrants[set] == glyph; i++)
            dots |= set >> i & 1 ? quadrant_dots[i] : 0;
        if (dots)
            return dots;
    }
    return 0;
}

uint32_t glyph_block(uint32_t glyph) {
    unsigned set = 0;
    if (!is_braille(glyph))
        return glyph;
    for (int i = 0; i < QUADRANTS; i++)
        if ((glyph - BRAILLE) & quadrant_dots[i])
            set |= 1u << i;
    return quadrants[set];
}

uint32_t glyph_degrade(uint32_t glyph) {
    if (glyph >= ' ' && glyph < 127)
        return glyph;
    if (is_braille(glyph)) { /* above, below, or both halves of the cell */
        static const char halves[] = {' ', '\'', '.', ':'};
        unsigned dots = glyph - BRAILLE, upper = quadrant_dots[0] | quadrant_dots[1];
        return (unsigned char)halves[((dots & upper) != 0) + 2 * ((dots & ~upper) != 0)];
    }
    size_t low = 0, high = DEGRADES;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (degrades[mid].glyph == glyph)
            return (unsigned char)degrades[mid].ascii;
        if (degrades[mid].glyph < glyph)
            low = mid + 1;
        else
            high = mid;
    }
    return '?';
}

uint32_t glyph_fold(uint32_t glyph) {
    if (glyph == 0x00A0 || (glyph >= 0x2000 && glyph <= 0x200A) || glyph == 0x202F || glyph == 0x205F)
        return ' ';
    if (glyph < ' ' || (glyph >= 127 && glyph < 0xA0) || utf8_cell_width(glyph) != 1)
        return UTF8_REPLACEMENT;
    return glyph;
}

uint32_t glyph_table_row(size_t i, char *ascii) {
    if (i >= DEGRADES)
        return 0;
    *ascii = degrades[i].ascii;
    return degrades[i].glyph;
}
