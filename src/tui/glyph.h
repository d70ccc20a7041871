/* What takes the place of a glyph where the output shows ASCII only. */
#ifndef MOESCOPE_TUI_GLYPH_H
#define MOESCOPE_TUI_GLYPH_H

#include <stddef.h>
#include <stdint.h>

/* The character that stands for `glyph` in ASCII: itself, its row in the table, or '?'. */
uint32_t glyph_degrade(uint32_t glyph);

/* A safe single-cell glyph for `glyph` in any glyph set: special blanks become a space (fonts and terminals disagree on
 * their width), controls and wide characters UTF8_REPLACEMENT. */
uint32_t glyph_fold(uint32_t glyph);

/* Plots draw dots, two by four to a cell: braille, or quadrants of a block where there is none (each stands for four dots).
 * A set of dots is that of the braille patterns: 1, 2, 4, 64 down the left side, 8, 16, 32, 128 down the right one. */
enum { GLYPH_DOTS_WIDE = 2, GLYPH_DOTS_HIGH = 4 };
unsigned glyph_dot(int x, int y); /* the one in column x and row y of a cell */
uint32_t glyph_from_dots(unsigned dots);
unsigned glyph_dots(uint32_t glyph); /* of braille and quadrants; 0 for any other glyph */

/* Braille as quadrants; any other glyph is itself. */
uint32_t glyph_block(uint32_t glyph);

/* The i-th row of the table, for tests: the glyph, or 0 past the end; its ASCII in *ascii. */
uint32_t glyph_table_row(size_t i, char *ascii);

#endif
