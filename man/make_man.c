/* Prints moescope.1: a template, with the sections that the program's tables know made from them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "config.h"
#include "core/article.h"
#include "core/article_figure.h"
#include "core/estimate.h"
#include "core/scenario.h"
#include "tui/tui_run.h"

enum { LINE_WIDTH = 78 };

/* --- mdoc text ----------------------------------------------------------------------------------------- */

/* Arrows and the like as \[uXXXX], so that the page is ASCII and every output device does its best. */
static const char *put_multibyte(const char *text) {
    unsigned code = (unsigned char)*text & 0x0fu;
    for (text++; (*text & 0xc0) == 0x80; text++)
        code = code << 6 | ((unsigned char)*text & 0x3fu);
    printf("\\[u%04X]", code);
    return text;
}

/* One character. Returns the place behind it. */
static const char *put_char(const char *text) {
    if ((unsigned char)*text >= 0x80)
        return put_multibyte(text);
    if (*text == '\\')
        fputs("\\e", stdout);
    else if (*text == '"')
        fputs("\\(dq", stdout);
    else
        putchar(*text);
    return text + 1;
}

static void put_word(const char *word, size_t length, bool line_start) {
    if (line_start && (*word == '.' || *word == '\''))
        fputs("\\&", stdout);
    for (const char *end = word + length; word < end;)
        word = put_char(word);
}

/* Text lines: every sentence on a line of its own, as mdoc wants it, and long ones broken. */
static void put_text(const char *text) {
    size_t column = 0;
    while (*(text += strspn(text, " "))) {
        size_t length = strcspn(text, " ");
        if (column > 0 && column + 1 + length > LINE_WIDTH) {
            putchar('\n');
            column = 0;
        }
        if (column > 0)
            putchar(' ');
        put_word(text, length, column == 0);
        column += length + 1;
        bool ends = strchr(".?!", text[length - 1]) && text[length] == ' ' &&
                    (isupper((unsigned char)text[length + 1]) || text[length + 1] == '-');
        if (ends) {
            putchar('\n');
            column = 0;
        }
        text += length;
    }
    if (column > 0)
        putchar('\n');
}

/* One argument of a macro. The \& keeps names of macros and lone punctuation from being taken as such. */
static void put_argument(const char *text) {
    fputs(" \"\\&", stdout);
    while (*text)
        text = put_char(text);
    putchar('"');
}

/* --- the tables ---------------------------------------------------------------------------------------- */

static void put_commands(void) {
    puts(".Bl -tag -width Ds");
    for (int i = 0; i < CMD_COUNT; i++) {
        printf(".It Ic %s", commands[i].name);
        if (*commands[i].synopsis) {
            fputs(" No", stdout);
            put_argument(commands[i].synopsis);
        }
        putchar('\n');
        put_text(commands[i].help);
    }
    puts(".El");
}

static void put_used_by(const struct general_option *option) {
    char text[256] = "Used by";
    for (int i = 0; i < CMD_COUNT; i++)
        if (option->commands & (1u << i))
            snprintf(text + strlen(text), sizeof text - strlen(text), " %s,", commands[i].name);
    text[strlen(text) - 1] = '.';
    put_text(text);
}

static void put_options(void) {
    const unsigned any = (1u << CMD_COUNT) - 1;
    puts(".Bl -tag -width Ds");
    for (int i = 0; i < OPT_COUNT; i++) {
        const struct general_option *option = &general_options[i];
        fputs(".It", stdout);
        if (option->letter)
            printf(" Fl %c ,", option->letter);
        printf(" Fl -%s", option->name);
        if (option->argument)
            printf(" Ar %s", option->argument);
        putchar('\n');
        put_text(option->help);
        if (option->commands != any)
            put_used_by(option);
    }
    puts(".El");
}

static void put_field(const struct field *f) {
    char range[VALUE_LEN], text[3 * VALUE_LEN];
    const char *fallback = f->default_text ? f->default_text : f->default_note;
    printf(".It Fl -%s Ar %s\n", f->id, f->type == FIELD_TEXT ? "name" : "number");
    put_text(f->help);
    snprintf(text, sizeof text, "Allowed: %s%s%s. Default: %s.", field_range(f, range),
             f->unit ? "; unit " : "", f->unit ? f->unit : "", fallback ? fallback : "none");
    put_text(text);
}

static void put_fields(void) {
    for (int group = 0; group < GROUP_COUNT; group++) {
        printf(".Ss %c%s\n.Bl -tag -width Ds\n", toupper((unsigned char)field_group_names[group][0]),
               field_group_names[group] + 1);
        for (int i = 0; i < FIELD_COUNT; i++)
            if ((int)scenario_fields[i].group == group)
                put_field(&scenario_fields[i]);
        puts(".El");
    }
}

/* An item of a list, with its unit. */
static void put_item(const char *id, const char *unit) {
    printf(".It Va %s", id);
    if (unit && *unit) {
        fputs(" Pq", stdout);
        put_argument(unit);
    }
    putchar('\n');
}

static void put_figures(void) {
    puts(".Bl -tag -width Ds");
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++) {
        const struct estimate_field *f = &estimate_fields[i];
        put_item(f->id, f->unit);
        put_text(f->help);
    }
    puts(".El");
}

static void put_article_figures(void) {
    puts(".Bl -tag -width Ds");
    for (const struct article_figure *f = article_figures; f->id; f++) {
        put_item(f->id, f->unit);
        put_text(f->help);
    }
    puts(".El");
}

static void put_formulas(void) {
    puts(".Bl -tag -width Ds");
    for (const struct article_formula *f = article_formulas; f->id; f++) {
        put_item(f->id, f->unit);
        put_text(f->notation);
    }
    puts(".El");
}

/* "choose a field" as a sentence. */
static void put_phrase(const char *phrase) {
    char text[512];
    size_t length = strlen(phrase);
    snprintf(text, sizeof text, "%s%s", phrase, length && strchr(".?!", phrase[length - 1]) ? "" : ".");
    text[0] = (char)toupper((unsigned char)text[0]);
    put_text(text);
}

static void put_keys(void) {
    struct action_help a;
    const char *group = NULL;
    for (size_t i = 0; tui_action_help(i, &a); i++) {
        if (!group || strcmp(group, a.group) != 0) {
            if (group)
                puts(".El");
            group = a.group;
            printf(".Ss %c%s\n.Bl -tag -width Ds\n", toupper((unsigned char)group[0]), group + 1);
        }
        fputs(".It Ic", stdout);
        put_argument(a.keys);
        putchar('\n');
        put_phrase(a.help);
        printf(strchr(a.ids, ',') ? "Actions: %s.\n" : "Action: %s.\n", a.ids);
    }
    if (group)
        puts(".El");
}

static void put_explorer_commands(void) {
    struct command_help row;
    puts(".Bl -tag -width Ds");
    for (size_t i = 0; tui_command_help(i, &row); i++) {
        printf(".It Ic \\&: Ns %s No", row.name);
        put_argument(row.synopsis);
        putchar('\n');
        put_phrase(row.help);
    }
    puts(".El");
}

/* --- the template -------------------------------------------------------------------------------------- */

static const struct {
    const char *line;
    void (*put)(void);
} sections[] = {
    {"@COMMANDS@\n", put_commands}, {"@OPTIONS@\n", put_options}, {"@FIELDS@\n", put_fields},
    {"@FIGURES@\n", put_figures},   {"@KEYS@\n", put_keys},      {"@EXPLORER_COMMANDS@\n", put_explorer_commands},
    {"@ARTICLE_FIGURES@\n", put_article_figures}, {"@FORMULAS@\n", put_formulas},
};

static const struct {
    const char *name, *value;
} words[] = {{"@VERSION@", PACKAGE_VERSION}, {"@PRESETS@", PRESETS_DIR}};

static void put_template_line(const char *line) {
    while (*line) {
        size_t i = 0, n = sizeof words / sizeof *words;
        while (i < n && strncmp(line, words[i].name, strlen(words[i].name)) != 0)
            i++;
        if (i < n) {
            fputs(words[i].value, stdout);
            line += strlen(words[i].name);
        } else
            putchar(*line++);
    }
}

static void put_line(const char *line) {
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strcmp(line, sections[i].line) == 0) {
            sections[i].put();
            return;
        }
    put_template_line(line);
}

int main(int argc, char **argv) {
    char line[4096];
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!in) {
        fprintf(stderr, "usage: make_man TEMPLATE; the page goes to standard output\n");
        return 2;
    }
    while (fgets(line, sizeof line, in))
        put_line(line);
    bool failed = ferror(in) != 0;
    fclose(in);
    return failed || fflush(stdout) != 0 || ferror(stdout);
}
