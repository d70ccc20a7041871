#include "explore/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *words_number(double value, char *buf) {
    double size = fabs(value);
    int digits = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    if (isnan(value))
        return strcpy(buf, "-");
    if (size >= 1e7 || (size > 0 && size < 0.0995))
        snprintf(buf, WORDS_NUMBER, "%.3g", value);
    else if (value == floor(value))
        snprintf(buf, WORDS_NUMBER, "%.0f", value == 0 ? 0.0 : value);
    else
        snprintf(buf, WORDS_NUMBER, "%.*f", digits + (size < 0.9995), value);
    return buf;
}

void words_add(char *buf, size_t size, const char *format, ...) {
    size_t used = strlen(buf);
    va_list args;
    va_start(args, format);
    vsnprintf(buf + used, size - used, format, args);
    va_end(args);
}
