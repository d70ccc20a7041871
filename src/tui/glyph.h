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

/* The i-th row of the table, for tests: the glyph, or 0 past the end; its ASCII in *ascii. */
uint32_t glyph_table_row(size_t i, char *ascii);

#endif
