/* UTF-8 and cell widths, the same in every locale: what a scripted screen shows must not depend on LC_CTYPE. */
#ifndef MOESCOPE_TUI_UTF8_H
#define MOESCOPE_TUI_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_REPLACEMENT = 0xFFFD, UTF8_LEN = 5 };

/* Takes one character off a NUL-terminated text: 0 at its end, UTF8_REPLACEMENT for each byte that is not UTF-8. */
uint32_t utf8_next(const char **text);

/* Writes one character and a NUL; buf[UTF8_LEN]. Returns the bytes without the NUL. */
size_t utf8_encode(uint32_t glyph, char *buf);

/* 0 for marks that join the character before and for direction controls, 2 for wide characters, else 1. */
int utf8_cell_width(uint32_t glyph);

#endif
