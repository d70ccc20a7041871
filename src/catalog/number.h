/* Numbers in files: plain decimal, in the C locale whatever the user's is. */
#ifndef MOESCOPE_CATALOG_NUMBER_H
#define MOESCOPE_CATALOG_NUMBER_H

#include <stdbool.h>

/* Reads the whole text as a finite decimal number: no hexadecimal, no "inf" or "nan", no blanks, no unit. */
bool number_read(const char *text, double *value);

#endif
