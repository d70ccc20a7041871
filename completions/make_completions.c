/* Prints the completions of a shell (bash, zsh or fish), made from the program's own tables. */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "core/estimate.h"
#include "core/scenario.h"

/* What a word may be: fixed words, ids that a list of the program prints, or a file. */
struct values {
    const char *const *words;
    const char *list; /* command whose first column has them */
    bool file;
};

static struct values field_values(const struct field *f) {
    static const char *const lists[] = {
        [CHOICE_MODEL] = "models", [CHOICE_WEIGHTS] = "formats", [CHOICE_KV] = "formats", [CHOICE_GPU] = "gpus",
        [CHOICE_LINK] = "links",   [CHOICE_FILE] = NULL,
    };
    if (f->type != FIELD_TEXT)
        return (struct values){0};
    if (f->choices == CHOICE_FIXED)
        return (struct values){.words = f->fixed};
    return (struct values){.list = lists[f->choices], .file = f->choices == CHOICE_FILE};
}

static struct values option_values(enum option_id id) {
    const struct general_option *option = &general_options[id];
    if (option->words)
        return (struct values){.words = option->words};
    if (id == OPT_SCENARIO_A || id == OPT_SCENARIO_B)
        return (struct values){.list = "scenarios"};
    return (struct values){.file = option->argument && (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "DIR") == 0)};
}

static void put_words(const char *const *words) {
    for (size_t i = 0; words[i]; i++)
        printf("%s%s", i ? " " : "", words[i]);
}

static void put_figures(void) {
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++)
        printf("%s%s", i ? " " : "", estimate_fields[i].id);
}

static void put_commands(void) {
    for (int i = 0; i < CMD_COUNT; i++)
        printf("%s%s", i ? " " : "", commands[i].name);
}

/* A help text between single quotes: its first sentence, in a form that the shell leaves alone. */
static void put_help(const char *help, const char *also) {
    for (; *help && !(*help == '.' && (help[1] == ' ' || !help[1])); help++)
        if (*help == '\'')
            fputs("'\\''", stdout);
        else
            printf("%s%c", strchr(also, *help) ? "\\" : "", *help);
}

/* --- bash --- */

static void bash_values(const char *name, struct values v) {
    if (!v.words && !v.list && !v.file)
        return;
    printf("    --%s) ", name);
    if (v.file)
        printf("mapfile -t COMPREPLY < <(compgen -f -- \"$word\")");
    else
        printf("_moescope_words \"$word\" \"");
    if (v.words)
        put_words(v.words);
    if (v.list)
        printf("$(_moescope_list %s)", v.list);
    puts(v.file ? "; return ;;" : "\"; return ;;");
}

static void put_bash(void) {
    puts("# bash completion for moescope, made from its tables.\n"
         "_moescope_list() { moescope \"$1\" --format csv 2>/dev/null | tail -n +2 | cut -d, -f1; }\n"
         "_moescope_words() { mapfile -t COMPREPLY < <(compgen -W \"$2\" -- \"$1\"); }\n"
         "_moescope() {\n"
         "    local word=$2 before=$3\n"
         "    case $before in");
    for (int i = 0; i < OPT_COUNT; i++)
        bash_values(general_options[i].name, option_values((enum option_id)i));
    for (int i = 0; i < FIELD_COUNT; i++)
        bash_values(scenario_fields[i].id, field_values(&scenario_fields[i]));
    fputs("    explain) _moescope_words \"$word\" \"", stdout);
    put_figures();
    fputs("\"; return ;;\n    help) _moescope_words \"$word\" \"", stdout);
    put_commands();
    puts("\"; return ;;\n    esac");
    fputs("    if [[ $word == -* ]]; then\n        _moescope_words \"$word\" \"", stdout);
    for (int i = 0; i < OPT_COUNT; i++)
        printf("%s--%s", i ? " " : "", general_options[i].name);
    for (int i = 0; i < FIELD_COUNT; i++)
        printf(" --%s", scenario_fields[i].id);
    fputs("\"\n    else\n        _moescope_words \"$word\" \"", stdout);
    put_commands();
    puts("\"\n    fi\n}\ncomplete -F _moescope moescope");
}

/* --- zsh --- */

static void zsh_option(const char *name, const char *help, bool argument, struct values v) {
    printf("    '--%s[", name);
    put_help(help, "[]:");
    putchar(']');
    if (argument)
        printf(":%s:", name);
    if (v.words) {
        putchar('(');
        put_words(v.words);
        putchar(')');
    } else if (v.list)
        printf("{_moescope_list %s}", v.list);
    else if (v.file)
        fputs("_files", stdout);
    puts("' \\");
}

static void put_zsh(void) {
    puts("#compdef moescope\n# zsh completion for moescope, made from its tables.\n"
         "_moescope_list() { compadd -- ${(f)\"$(moescope $1 --format csv 2>/dev/null | tail -n +2 | cut -d, -f1)\"} }\n"
         "_moescope_operand() {\n"
         "    case $words[2] in");
    fputs("    explain) compadd -- ", stdout);
    put_figures();
    fputs(" ;;\n    help) compadd -- ", stdout);
    put_commands();
    puts(" ;;\n    esac\n}\n_moescope_command() {\n    local -a commands=(");
    for (int i = 0; i < CMD_COUNT; i++) {
        printf("        '%s:", commands[i].name);
        put_help(commands[i].help, ":");
        puts("'");
    }
    puts("    )\n    _describe command commands\n}\n_arguments \\");
    for (int i = 0; i < OPT_COUNT; i++)
        zsh_option(general_options[i].name, general_options[i].help, general_options[i].argument, option_values((enum option_id)i));
    for (int i = 0; i < FIELD_COUNT; i++)
        zsh_option(scenario_fields[i].id, scenario_fields[i].help, true, field_values(&scenario_fields[i]));
    puts("    '1:command:_moescope_command' '*:operand:_moescope_operand'");
}

/* --- fish --- */

static void fish_option(const char *name, const char *help, bool argument, struct values v) {
    printf("complete -c moescope -l %s%s -d '", name, !argument ? "" : v.file ? " -r -F" : " -x");
    put_help(help, "\\");
    putchar('\'');
    if (v.words) {
        fputs(" -a '", stdout);
        put_words(v.words);
        putchar('\'');
    }
    if (v.list)
        printf(" -a '(__moescope_list %s)'", v.list);
    putchar('\n');
}

static void put_fish(void) {
    puts("# fish completion for moescope, made from its tables.\n"
         "function __moescope_list\n"
         "    moescope $argv[1] --format csv 2>/dev/null | tail -n +2 | cut -d, -f1\n"
         "end\n"
         "complete -c moescope -f");
    for (int i = 0; i < CMD_COUNT; i++) {
        printf("complete -c moescope -n __fish_use_subcommand -a %s -d '", commands[i].name);
        put_help(commands[i].help, "\\");
        puts("'");
    }
    fputs("complete -c moescope -n '__fish_seen_subcommand_from explain' -a '", stdout);
    put_figures();
    fputs("'\ncomplete -c moescope -n '__fish_seen_subcommand_from help' -a '", stdout);
    put_commands();
    puts("'");
    for (int i = 0; i < OPT_COUNT; i++)
        fish_option(general_options[i].name, general_options[i].help, general_options[i].argument, option_values((enum option_id)i));
    for (int i = 0; i < FIELD_COUNT; i++)
        fish_option(scenario_fields[i].id, scenario_fields[i].help, true, field_values(&scenario_fields[i]));
}

static const struct {
    const char *name;
    void (*put)(void);
} shells[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof shells / sizeof *shells; i++)
        if (strcmp(argv[1], shells[i].name) == 0) {
            shells[i].put();
            return fflush(stdout) != 0 || ferror(stdout);
        }
    fputs("usage: make_completions bash|zsh|fish; the completions go to standard output\n", stderr);
    return 2;
}
