#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/suggest.h"
#include "session/xalloc.h"
#include "tui/tui_run.h"

#define FOR(id) (1u << (id))
#define SCREEN (FOR(CMD_EXPLORE) | FOR(CMD_SNAPSHOT))
#define SHOWN (SCREEN | FOR(CMD_PLAY))
#define PAIR (SCREEN | FOR(CMD_RULES) | FOR(CMD_LAWS)) /* what takes two scenarios */
#define LISTS (FOR(CMD_MODELS) | FOR(CMD_GPUS) | FOR(CMD_FORMATS) | FOR(CMD_LINKS) | FOR(CMD_SCENARIOS))
#define ANY (FOR(CMD_COUNT) - 1)

const struct command commands[CMD_COUNT] = {
    [CMD_EXPLORE] = {"explore", "[FIELDS of A] [--b FIELD=VALUE] ...",
                     "Open the explorer at a terminal; so does moescope without a command.", true},
    [CMD_EVAL] = {"eval", "[FIELDS] [--scenarios FILE] [--format table|csv|json]",
                  "Print one estimate, or one for every row of a CSV file.", true},
    [CMD_EXPLAIN] = {"explain", "FIGURE [FIELDS] [--format text|json]",
                     "Print how a figure comes about: formulas with their numbers, operators, constants and their "
                     "sources, and what would move it most.",
                     true},
    [CMD_SNAPSHOT] =
        {"snapshot", "[FIELDS of A] [--size WxH] [--script FILE] [--format text|roles|ansi|svg|plain]",
         "Play a key script on a screen of the given size and print what it shows. Needs no terminal.", true},
    [CMD_PLAY] = {"play", "[TOUR] [--speed X] [--size WxH] [--format text|roles|ansi|svg|plain]",
                  "Play a tour, a key script with captions and pauses, in the explorer: Space pauses, Esc leaves it, any other "
                  "key takes over. With --speed inf its last screen is printed and no terminal is needed. Without a tour: "
                  "list those that come with the program.",
                  false},
    [CMD_TOUR] = {"tour", "SESSION.csv", "Print a session file as a tour, to be given captions and played.", false},
    [CMD_RULES] = {"rules", "[FIELDS of A] [--b FIELD=VALUE] ... [--format table|csv|json]",
                   "Judge the first article's rules of thumb for A and B: true, false or not applicable here, on which "
                   "figures, and at which batch, GPU count or price that turns.",
                   true},
    [CMD_LAWS] = {"laws", "[FIELDS of A] [--b FIELD=VALUE] ... [--format table|csv|json]",
                  "Print the second article's laws for A and B, the article's own version beside them, and A against B "
                  "over GPU counts.",
                  true},
    [CMD_MODELS] = {"models", "[--format table|csv|json]", "List the models.", false},
    [CMD_GPUS] = {"gpus", "[--format table|csv|json]", "List the GPUs.", false},
    [CMD_FORMATS] = {"formats", "[--format table|csv|json]",
                     "List the number formats of weights and KV cache.", false},
    [CMD_LINKS] = {"links", "[--format table|csv|json]", "List the links between GPUs.", false},
    [CMD_SCENARIOS] = {"scenarios", "[--format table|csv|json]", "List the ready-made scenarios.", false},
    [CMD_REPRODUCE] = {"reproduce", "[serving-cost | inference] [--format table|csv|json]",
                       "Print the two source articles cell by cell: what they say, what their own formulas give, this "
                       "program's figure, and whether it holds.",
                       false},
    [CMD_VALIDATE] = {"validate", "[FIELDS] [--level quick|standard|full] [--only EXPERIMENTS] [--helper COMMAND]",
                      "Measure on the hardware at hand what the model claims for a scenario, print both side by side, and "
                      "write the constants that fit it as a profile.",
                      true},
    [CMD_HELP] = {"help", "[COMMAND | --fields | --figures | --options]",
                  "Print help; with an option, one of the tables as CSV.", false},
};

static const char *const color_uses[] = {"auto", "never", "always", NULL};
static const char *const mouse_uses[] = {"on", "off", NULL};

const struct general_option general_options[OPT_COUNT] = {
    [OPT_B] = {"b", "FIELD=VALUE", 0, PAIR,
               "Set a field of scenario B; may be repeated. Fields without --b belong to A."},
    [OPT_SCENARIO_A] = {"scenario-a", "ID", 0, PAIR,
                        "Start A from a ready-made scenario (moescope scenarios); default: the first."},
    [OPT_SCENARIO_B] = {"scenario-b", "ID", 0, PAIR,
                        "Start B from a ready-made scenario; default: the second."},
    [OPT_SESSION] = {"session", "FILE", 0, PAIR,
                     "Start from the last state of a session file; field flags and --b then change it."},
    [OPT_JOURNAL] =
        {"journal", "FILE", 0, SCREEN,
         "Append every state to a session file as it comes about. The file may exist, as a session file; one "
         "program at a time writes to it."},
    [OPT_SCENARIOS] =
        {"scenarios", "FILE", 0, FOR(CMD_EVAL),
         "Evaluate every row of a CSV file with scenario fields as columns; - is standard input. Empty "
         "cells take the field flags given beside it, else the default. Nothing is printed unless "
         "every row is right."},
    [OPT_FORMAT] =
        {"format", "FORMAT", 0,
         FOR(CMD_EVAL) | FOR(CMD_EXPLAIN) | FOR(CMD_SNAPSHOT) | FOR(CMD_PLAY) | FOR(CMD_RULES) | FOR(CMD_LAWS) |
             FOR(CMD_REPRODUCE) | FOR(CMD_VALIDATE) | LISTS,
         "eval, rules, laws, reproduce, validate and lists: table, csv or json (default: table; csv with --scenarios). explain: "
         "text (default) or json, an object for each line. snapshot and play: text (default), roles (text, then a letter for the "
         "role of each cell), ansi, svg (a picture of the last screen) or plain (lines of what each key changes, as --plain)."},
    [OPT_SIZE] = {"size", "WxH", 0, FOR(CMD_SNAPSHOT) | FOR(CMD_PLAY), "Columns and rows of the screen; default: 100x30."},
    [OPT_SCRIPT] =
        {"script", "FILE", 0, FOR(CMD_SNAPSHOT),
         "Keys to play, as words: a character, up, down, left, right, tab, enter, esc, ..., type:TEXT, "
         "click:X,Y, double:X,Y, wheel:X,Y,up or down, size:WxH, records:FILE, records-end, show, caption:\"WORDS\", pause:SECONDS; "
         "# begins a comment; - is standard input. Default: no keys."},
    [OPT_SPEED] = {"speed", "X", 0, FOR(CMD_PLAY), "How fast a tour is played; 2 is twice as fast, inf prints its last screen."},
    [OPT_GLYPHS] = {"glyphs", "SET", 0, SHOWN,
                    "auto (by the locale's character set), ascii, block (no braille), braille or utf8 (the same). Changed live by G.",
                    tui_glyph_sets},
    [OPT_COLOR] = {"color", "WHEN", 0, SHOWN, "auto (by terminal and NO_COLOR), never or always.", color_uses},
    [OPT_MOUSE] = {"mouse", "WHEN", 0, SHOWN,
                   "on (clicks and the wheel act in the explorer) or off (the terminal keeps them, to select text).", mouse_uses},
    [OPT_THEME] = {"theme", "NAME", 0, SHOWN,
                   "auto (by COLORFGBG, else dark), dark, light, high-contrast or mono. Changed live by T.", tui_themes},
    [OPT_PRESENT] = {"present", NULL, 0, SHOWN, "One figure at a time, drawn large, for a room. P goes there and back."},
    [OPT_PLAIN] = {"plain", NULL, 0, FOR(CMD_EXPLORE),
                   "For a screen reader or a pipe: lines of text that name what has the focus and tell what each key has "
                   "changed; no screen is drawn. Keys come from standard input."},
    [OPT_PRESETS] =
        {"presets", "DIR", 0, ANY & ~FOR(CMD_HELP),
         "Read presets from DIR too; rows with a known id replace those of the user and of the program."},
    [OPT_PROFILE] =
        {"profile", "FILE", 0, ANY & ~FOR(CMD_HELP) & ~FOR(CMD_VALIDATE),
         "Count with the constants of a profile that validate has written, in place of those of its GPU."},
    [OPT_LEVEL] = {"level", "LEVEL", 0, FOR(CMD_VALIDATE) | FOR(CMD_EXPLORE),
                   "How long to measure: quick (20 s at most), standard (80 s) or full (4 min). Default: standard; quick for "
                   "the explorer's v."},
    [OPT_ONLY] = {"only", "EXPERIMENTS", 0, FOR(CMD_VALIDATE) | FOR(CMD_EXPLORE),
                  "Measure these alone, with commas between: probe, stream, sweep, gemm, gemv, dequant, routing, coverage, "
                  "experts, attention, launch, collectives."},
    [OPT_HELPER] = {"helper", "COMMAND", 0, FOR(CMD_VALIDATE) | FOR(CMD_EXPLORE),
                    "The command that measures, run by sh: 'ssh gpu01 moescope-validate' measures there. Default: the "
                    "moescope-validate of this installation."},
    [OPT_DRY_RUN] = {"dry-run", NULL, 0, FOR(CMD_VALIDATE), "Write no profile."},
    [OPT_FIELDS] = {"fields", NULL, 0, FOR(CMD_HELP), "Print the table of scenario fields as CSV."},
    [OPT_FIGURES] = {"figures", NULL, 0, FOR(CMD_HELP), "Print the table of estimate fields as CSV."},
    [OPT_OPTIONS] = {"options", NULL, 0, FOR(CMD_HELP), "Print the table of general options as CSV."},
    [OPT_KEYS] = {"keys", NULL, 0, FOR(CMD_HELP), "Print the table of keys as CSV."},
    [OPT_HELP] = {"help", NULL, 'h', ANY, "Print help on the command and exit."},
    [OPT_VERSION] = {"version", NULL, 'V', ANY, "Print the version and exit."},
};

/* --- getopt's table, made from ours -------------------------------------------------------------------- */

enum { CODE_GENERAL = 256, CODE_FIELD = 1024 };

struct long_table {
    struct option row[OPT_COUNT + 2 * FIELD_COUNT + 1];
    char dashed[FIELD_COUNT][ID_LEN]; /* prefix-hit for prefix_hit */
};

static void long_table_make(struct long_table *t) {
    size_t n = 0;
    for (int i = 0; i < OPT_COUNT; i++)
        t->row[n++] = (struct option){general_options[i].name,
                                      general_options[i].argument ? required_argument : no_argument, NULL,
                                      CODE_GENERAL + i};
    for (int i = 0; i < FIELD_COUNT; i++) {
        const char *id = scenario_fields[i].id;
        snprintf(t->dashed[i], ID_LEN, "%s", id);
        for (char *p = t->dashed[i]; *p; p++)
            if (*p == '_')
                *p = '-';
        t->row[n++] = (struct option){t->dashed[i], required_argument, NULL, CODE_FIELD + i};
        t->row[n++] = (struct option){id, required_argument, NULL, CODE_FIELD + i};
    }
    t->row[n] = (struct option){NULL, 0, NULL, 0};
}

/* --- reading ------------------------------------------------------------------------------------------- */

static bool refuse_unknown_option(const struct long_table *t, const char *typed, char *err) {
    char name[64];
    struct suggestion near;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(typed, "="), typed);
    suggest_begin(&near, name + strspn(name, "-"));
    for (size_t i = 0; t->row[i].name; i++)
        suggest_offer(&near, t->row[i].name);
    if (near.best && near.distance == 0) /* getopt says no to --help=x as well */
        snprintf(err, ERROR_LEN, "option '%s' takes no value; write it alone", name);
    else if (near.best)
        snprintf(err, ERROR_LEN, "unknown option '%s', did you mean '--%s'? 'moescope --help' lists them all",
                 name, near.best);
    else
        snprintf(err, ERROR_LEN, "unknown option '%s'; 'moescope --help' lists them all", name);
    return false;
}

static bool refuse_command(const char *typed, char *err) {
    struct suggestion near;
    suggest_begin(&near, typed);
    for (int i = 0; i < CMD_COUNT; i++)
        suggest_offer(&near, commands[i].name);
    snprintf(err, ERROR_LEN, "unknown command '%.60s'%s%s%s; 'moescope help' lists the commands", typed,
             near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "");
    return false;
}

/* The command with this name, or CMD_COUNT. */
static enum command_id find_command(const char *name) {
    int i = 0;
    while (i < CMD_COUNT && strcmp(commands[i].name, name) != 0)
        i++;
    return (enum command_id)i;
}

/* FIELD=VALUE of --b. */
static bool add_b_setting(struct options *o, char *text, char *err) {
    char id[ID_LEN];
    struct suggestion near;
    const char *equals = strchr(text, '=');
    if (!equals) {
        snprintf(err, ERROR_LEN, "--b '%.60s' has no '='; write --b FIELD=VALUE, for example --b gpus=4",
                 text);
        return false;
    }
    snprintf(id, sizeof id, "%.*s", (int)(equals - text < ID_LEN ? equals - text : ID_LEN - 1), text);
    const struct field *f = scenario_find_field(id);
    if (f) {
        o->b.item[o->b.n++] = (struct setting){f, equals + 1};
        return true;
    }
    suggest_begin(&near, id);
    for (int i = 0; i < FIELD_COUNT; i++)
        suggest_offer(&near, scenario_fields[i].id);
    snprintf(err, ERROR_LEN, "--b: '%s' is no scenario field%s%s%s; 'moescope help --fields' lists them", id,
             near.best ? " (did you mean '" : "", near.best ? near.best : "", near.best ? "'?)" : "");
    return false;
}

/* The first operand is the command, the second the topic of `help`, the figure of `explain`, the article of `reproduce` or a file. */
static bool add_operand(struct options *o, char *text, int *operands, char *err) {
    int place = (*operands)++;
    if (place == 0) {
        o->command = find_command(text);
        return o->command < CMD_COUNT || refuse_command(text, err);
    }
    if (place == 1 && (o->command == CMD_HELP || o->command == CMD_REPRODUCE || o->command == CMD_PLAY || o->command == CMD_TOUR)) {
        o->topic = text;
        return o->command != CMD_HELP || find_command(text) < CMD_COUNT || refuse_command(text, err);
    }
    if (place == 1 && o->command == CMD_EXPLAIN) {
        o->figure = text;
        return true;
    }
    snprintf(err, ERROR_LEN, "unexpected argument '%.60s'; fields are set by flags, for example --isl 512",
             text);
    return false;
}

static bool add_option(struct options *o, int code, char *text, char *err) {
    if (code >= CODE_FIELD) {
        o->a.item[o->a.n++] = (struct setting){&scenario_fields[code - CODE_FIELD], text};
        return true;
    }
    if (code == CODE_GENERAL + OPT_B && !add_b_setting(o, text, err))
        return false;
    o->text[code - CODE_GENERAL] = text ? text : "";
    return true;
}

static int code_of_letter(int letter) {
    for (int i = 0; i < OPT_COUNT; i++)
        if (general_options[i].letter && general_options[i].letter == letter)
            return CODE_GENERAL + i;
    return 0;
}

/* Options that the command does not know would otherwise be dropped without a word. */
static bool check_fit(const struct options *o, char *err) {
    const struct command *command = &commands[o->command];
    if (o->text[OPT_HELP] || o->text[OPT_VERSION])
        return true;
    if (o->a.n && !command->takes_fields) {
        snprintf(err, ERROR_LEN,
                 "'moescope %s' takes no scenario fields, but --%s was given; they go with eval, "
                 "explain, explore, snapshot, rules, laws and validate",
                 command->name, o->a.item[0].field->id);
        return false;
    }
    for (int i = 0; i < OPT_COUNT; i++) {
        if (!o->text[i] || general_options[i].commands & FOR(o->command))
            continue;
        int used = snprintf(err, ERROR_LEN,
                            "--%s does not go with 'moescope %s'; it goes with:", general_options[i].name,
                            command->name);
        for (int k = 0; k < CMD_COUNT; k++)
            if (general_options[i].commands & FOR(k))
                used += snprintf(err + used, (size_t)(ERROR_LEN - used), " %s", commands[k].name);
        return false;
    }
    return true;
}

bool options_parse(int argc, char **argv, struct options *o, char *err) {
    struct long_table table;
    int code, operands = 0;

    memset(o, 0, sizeof *o);
    o->a.item = xcalloc((size_t)argc + 1, sizeof *o->a.item);
    o->b.item = xcalloc((size_t)argc + 1, sizeof *o->b.item);
    long_table_make(&table);
    opterr = 0;
    /* "-": operands come in their order whatever POSIXLY_CORRECT says; ":": a missing argument is told apart
     */
    while ((code = getopt_long(argc, argv, "-:hV", table.row, NULL)) != -1) {
        bool ok;
        if (code == '?')
            ok = refuse_unknown_option(&table, argv[optind - 1], err);
        else if (code == ':') {
            snprintf(err, ERROR_LEN, "option '%s' needs a value", argv[optind - 1]);
            ok = false;
        } else if (code == 1)
            ok = add_operand(o, optarg, &operands, err);
        else
            ok = add_option(o, code < CODE_GENERAL ? code_of_letter(code) : code, optarg, err);
        if (!ok)
            return false;
    }
    while (optind < argc) /* what follows "--" */
        if (!add_operand(o, argv[optind++], &operands, err))
            return false;
    return check_fit(o, err);
}

void options_free(struct options *o) {
    free(o->a.item);
    free(o->b.item);
}

int options_choice(const struct options *o, enum option_id id, const char *const *words, int otherwise,
                   char *err) {
    if (!o->text[id])
        return otherwise;
    int used = snprintf(err, ERROR_LEN, "--%s: '%.60s' is not known; allowed:", general_options[id].name,
                        o->text[id]);
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], o->text[id]) == 0)
            return i;
        used += snprintf(err + used, (size_t)(ERROR_LEN - used), "%s %s", i ? "," : "", words[i]);
    }
    return -1;
}

const char *options_word(const struct options *o, enum option_id id, char *err) {
    const char *const *words = general_options[id].words;
    int i = options_choice(o, id, words, 0, err);
    return i < 0 ? NULL : words[i];
}

bool settings_apply(const struct settings *settings, const char *flag, struct scenario *s, char *err) {
    char why[ERROR_LEN];
    for (size_t i = 0; i < settings->n; i++) {
        if (scenario_parse(s, settings->item[i].field, settings->item[i].text, why))
            continue;
        snprintf(err, ERROR_LEN, "%s%.400s", flag, why); /* "--" + "isl: 'x' is ..." */
        return false;
    }
    return true;
}
