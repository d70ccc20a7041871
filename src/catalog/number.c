#include "catalog/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool number_read(const char *text, double *value) {
    char *end;

    if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;            /* strtod alone would take 0x1p3, inf, nan and leading blanks */
    *value = strtod(text, &end); /* LC_NUMERIC is never set in this program */
    return *end == '\0' && isfinite(*value);
}
