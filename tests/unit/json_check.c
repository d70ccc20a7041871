/* Reads JSON objects, one a line, by the letter of RFC 8259, and prints them as CSV: a header of the first
 * object's keys, then the values as they stand (null is an empty cell, true 1, false 0). Nested values are
 * refused: moescope writes none. Status 1 and a message for anything that is not valid. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 16, MEMBERS_MAX = 512 };

static const unsigned char *at; /* the byte being read */
static long line = 1;
static char texts[4 * TEXT_MAX]; /* keys and values of the object, one behind the other */
static size_t used;
static const char *key[MEMBERS_MAX], *value[MEMBERS_MAX];
static size_t members;

static void refuse(const char *what) {
    fprintf(stderr, "line %ld: %s at '%.20s'\n", line, what, (const char *)at);
    exit(1);
}

static void keep(int byte) {
    if (used == sizeof texts)
        refuse("too long an object");
    texts[used++] = (char)byte;
}

static bool take(int byte) {
    if (*at != byte)
        return false;
    at++;
    return true;
}

static void skip_blanks(void) {
    while (*at == ' ' || *at == '\t')
        at++;
}

static unsigned hex4(void) {
    unsigned code = 0;
    for (int i = 0; i < 4; i++, at++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = *at ? strchr(digits, *at >= 'A' && *at <= 'F' ? *at + 32 : *at) : NULL;
        if (!digit)
            refuse("four hexadecimal digits expected");
        code = code * 16 + (unsigned)(digit - digits);
    }
    return code;
}

/* What an escape stands for matters little here; that it is one, and no lone surrogate, does. */
static void read_escape(void) {
    if (take('u')) {
        unsigned code = hex4();
        if (code >= 0xdc00 && code <= 0xdfff)
            refuse("lone surrogate");
        if (code >= 0xd800 && code <= 0xdbff && !(take('\\') && take('u') && (hex4() & 0xfc00) == 0xdc00))
            refuse("lone surrogate");
        keep('?');
        return;
    }
    if (!*at || !strchr("\"\\/bfnrt", *at))
        refuse("no such escape");
    keep(*at++);
}

static void read_utf8(void) {
    int more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1;
    if (*at < 0xc2 || *at > 0xf4 || (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
        (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
        refuse("no UTF-8");
    for (keep(*at++); more > 0; more--, at++) {
        if ((*at & 0xc0) != 0x80)
            refuse("no UTF-8");
        keep(*at);
    }
}

static const char *read_string(void) {
    size_t start = used;
    if (!take('"'))
        refuse("string expected");
    while (!take('"')) {
        if (*at < 0x20)
            refuse("control byte in a string");
        if (take('\\'))
            read_escape();
        else if (*at >= 0x80)
            read_utf8();
        else
            keep(*at++);
    }
    keep('\0');
    return texts + start;
}

static void read_digits(void) {
    if (*at < '0' || *at > '9')
        refuse("digit expected");
    while (*at >= '0' && *at <= '9')
        keep(*at++);
}

static const char *read_number(void) {
    size_t start = used;
    if (take('-'))
        keep('-');
    if (*at == '0')
        keep(*at++); /* no further digit: 01 is no number */
    else
        read_digits();
    if (*at == '.') {
        keep(*at++);
        read_digits();
    }
    if (*at == 'e' || *at == 'E') {
        keep(*at++);
        if (*at == '+' || *at == '-')
            keep(*at++);
        read_digits();
    }
    keep('\0');
    return texts + start;
}

static const char *read_value(void) {
    static const struct { const char *word, *cell; } words[] = {{"true", "1"}, {"false", "0"}, {"null", ""}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp((const char *)at, words[i].word, strlen(words[i].word)) == 0) {
            at += strlen(words[i].word);
            return words[i].cell;
        }
    return *at == '"' ? read_string() : read_number();
}

static void read_member(void) {
    if (members == MEMBERS_MAX)
        refuse("too many members");
    key[members] = read_string();
    for (size_t i = 0; i < members; i++)
        if (strcmp(key[i], key[members]) == 0)
            refuse("doubled key");
    skip_blanks();
    if (!take(':'))
        refuse("':' expected");
    skip_blanks();
    value[members++] = read_value();
    skip_blanks();
}

static void read_object(void) {
    members = used = 0;
    skip_blanks();
    if (!take('{'))
        refuse("'{' expected");
    skip_blanks();
    if (!take('}')) {
        do {
            skip_blanks();
            read_member();
        } while (take(','));
        if (!take('}'))
            refuse("',' or '}' expected");
    }
    skip_blanks();
    if (!take('\n') || *at)
        refuse("end of line expected");
}

static void print_row(const char *const *cell) {
    for (size_t i = 0; i < members; i++)
        printf("%s%s", i ? "," : "", cell[i]);
    putchar('\n');
}

int main(void) {
    static char text[TEXT_MAX];
    for (; fgets(text, sizeof text, stdin); line++) {
        at = (const unsigned char *)text;
        read_object();
        if (line == 1)
            print_row(key);
        print_row(value);
    }
    return ferror(stdin) || fflush(stdout) != 0 ? 1 : 0;
}
