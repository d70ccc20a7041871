/* Numbers in sentences, and sentences put together from parts. */
#ifndef MOESCOPE_EXPLORE_WORDS_H
#define MOESCOPE_EXPLORE_WORDS_H

#include <stddef.h>

enum { WORDS_NUMBER = 32 };

/* Three significant digits, an exponent only from 10 million on; "-" for NAN. buf[WORDS_NUMBER]. Returns buf. */
const char *words_number(double value, char *buf);

/* Appends like snprintf, cutting silently; buf[size] holds a string already. */
void words_add(char *buf, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
