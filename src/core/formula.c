#include "core/formula.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct parser {
    const char *at;
    formula_value_fn *value;
    void *user;
    bool ok;
};

static double parse_comparison(struct parser *p);

static void skip_blanks(struct parser *p) {
    while (*p->at == ' ')
        p->at++;
}

static bool accept(struct parser *p, const char *sign) {
    skip_blanks(p);
    size_t n = strlen(sign);
    if (strncmp(p->at, sign, n) != 0)
        return false;
    p->at += n;
    return true;
}

static double expect(struct parser *p, const char *sign, double value) {
    p->ok = accept(p, sign) && p->ok;
    return value;
}

static bool is_name(char c) {
    return islower((unsigned char)c) || isdigit((unsigned char)c) || c == '_' || c == '.';
}

/* Decimal digits, a point, a power of ten: whatever the locale. */
static double parse_number(struct parser *p) {
    double value = 0, place = 1;
    int power = 0;
    for (; isdigit((unsigned char)*p->at); p->at++)
        value = 10 * value + (*p->at - '0');
    if (*p->at == '.')
        for (p->at++; isdigit((unsigned char)*p->at); p->at++)
            value += (*p->at - '0') * (place /= 10);
    if (*p->at == 'e')
        for (p->at++; isdigit((unsigned char)*p->at); p->at++)
            power = 10 * power + (*p->at - '0');
    return value * pow(10, power);
}

static void take_name(const char **at, char name[FORMULA_NAME_LEN]) {
    size_t n = 0;
    for (; is_name(**at); ++*at)
        if (n + 1 < FORMULA_NAME_LEN)
            name[n++] = **at;
    name[n] = '\0';
}

enum { FUNCTIONS = 4 };
static const char *const functions[FUNCTIONS] = {"min", "max", "ceil", "floor"};

static int find_function(const char *name) {
    int i = 0;
    while (i < FUNCTIONS && strcmp(functions[i], name) != 0)
        i++;
    return i;
}

static double parse_call(struct parser *p, int function) {
    expect(p, "(", 0);
    double a = parse_comparison(p);
    if (function >= 2)
        return expect(p, ")", function == 2 ? ceil(a) : floor(a));
    expect(p, ",", 0);
    double b = parse_comparison(p);
    if (isnan(a) || isnan(b)) /* fmin and fmax would take the other */
        return expect(p, ")", NAN);
    return expect(p, ")", function == 0 ? fmin(a, b) : fmax(a, b));
}

static double parse_atom(struct parser *p) {
    char name[FORMULA_NAME_LEN];
    skip_blanks(p);
    if (accept(p, "("))
        return expect(p, ")", parse_comparison(p));
    if (accept(p, "-"))
        return -parse_atom(p);
    if (isdigit((unsigned char)*p->at))
        return parse_number(p);
    take_name(&p->at, name);
    if (!*name) {
        p->ok = false;
        return NAN;
    }
    int function = find_function(name);
    return function < FUNCTIONS ? parse_call(p, function) : p->value(p->user, name);
}

static double parse_power(struct parser *p) {
    double a = parse_atom(p);
    return accept(p, "^") ? pow(a, parse_power(p)) : a;
}

static double parse_product(struct parser *p) {
    double a = parse_power(p);
    for (;;) {
        if (accept(p, "*"))
            a *= parse_power(p);
        else if (accept(p, "/"))
            a /= parse_power(p);
        else
            return a;
    }
}

static double parse_sum(struct parser *p) {
    double a = parse_product(p);
    for (;;) {
        if (accept(p, "+"))
            a += parse_product(p);
        else if (accept(p, "-"))
            a -= parse_product(p);
        else
            return a;
    }
}

static double parse_comparison(struct parser *p) {
    double a = parse_sum(p);
    if (accept(p, "<="))
        return a <= parse_sum(p);
    if (accept(p, ">="))
        return a >= parse_sum(p);
    if (accept(p, "<"))
        return a < parse_sum(p);
    if (accept(p, ">"))
        return a > parse_sum(p);
    return a;
}

double formula_eval(const char *text, formula_value_fn *value, void *user, bool *ok) {
    struct parser p = {.at = text, .value = value, .user = user, .ok = true};
    double result = parse_comparison(&p);
    skip_blanks(&p);
    *ok = p.ok && *p.at == '\0';
    return result;
}

bool formula_next_name(const char **at, char name[FORMULA_NAME_LEN]) {
    while (**at) {
        if (!is_name(**at)) {
            ++*at;
            continue;
        }
        bool number = isdigit((unsigned char)**at);
        take_name(at, name);
        if (!number && find_function(name) == FUNCTIONS)
            return true;
    }
    return false;
}

const char *formula_number(double value, char *buf) {
    double size = fabs(value);
    bool whole = size >= 1 && size < 1e9 && fmod(value, 1) == 0;
    int power = 0;
    if (isnan(value)) {
        snprintf(buf, 32, "-");
        return buf;
    }
    if (size >= 1e6 && isfinite(size))
        for (; size >= 1e3; size /= 1000)
            power += 3;
    if (power && !whole)
        snprintf(buf, 32, "%.5ge%d", value / pow(10, power), power);
    else
        snprintf(buf, 32, whole || size >= 1e4 ? "%.0f" : "%.5g", value);
    return buf;
}

void formula_fill(const char *text, formula_value_fn *value, void *user, char *buf, size_t size) {
    char name[FORMULA_NAME_LEN], number[32];
    size_t used = 0;
    while (*text && used + 1 < size) {
        if (!is_name(*text)) {
            buf[used++] = *text++;
            continue;
        }
        bool literal = isdigit((unsigned char)*text);
        take_name(&text, name);
        bool plain = literal || find_function(name) < FUNCTIONS;
        const char *put = plain ? name : formula_number(value(user, name), number);
        bool negative = !plain && *put == '-' && put[1];
        int n = snprintf(buf + used, size - used, "%s%s%s", negative ? "(" : "", put, negative ? ")" : "");
        used += n > 0 && (size_t)n < size - used ? (size_t)n : size - used - 1;
    }
    buf[used < size ? used : size - 1] = '\0';
}
