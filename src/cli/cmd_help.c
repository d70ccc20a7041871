/* `help` and --help: the tables, for people and (with --fields, --figures, --options, --keys) for programs. */
#include <stdio.h>
#include <string.h>

#include "catalog/csv.h"
#include "tui/tui_run.h"
#include "cli/cli.h"
#include "core/estimate.h"

enum { HELP_INDENT = 26, HELP_WIDTH = 96 };

/* "  name" and its help, broken between words and indented. */
static void print_entry(const char *name, const char *help) {
    int column = printf("  %s", name);
    if (column >= HELP_INDENT) {
        putchar('\n');
        column = 0;
    }
    bool first = true;
    for (size_t length; *help; help += length) {
        help += strspn(help, " ");
        length = strcspn(help, " ");
        if (!first && column + 1 + (int)length > HELP_WIDTH) {
            putchar('\n');
            column = 0;
        }
        int pad = column < HELP_INDENT ? HELP_INDENT - column : 1;
        column += printf("%*s%.*s", pad, "", (int)length, help);
        first = false;
    }
    putchar('\n');
}

static void print_option(const struct general_option *option) {
    char name[64];
    if (option->letter)
        snprintf(name, sizeof name, "-%c, --%s", option->letter, option->name);
    else
        snprintf(name, sizeof name, "--%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
    print_entry(name, option->help);
}

static void print_field(const struct field *f) {
    char name[64], range[VALUE_LEN], help[2 * VALUE_LEN + 512];
    const char *fallback = f->default_text ? f->default_text : f->default_note;
    snprintf(name, sizeof name, "--%s %s", f->id, f->type == FIELD_TEXT ? "NAME" : "NUMBER");
    snprintf(help, sizeof help, "%s Allowed: %s%s%s. Default: %s.", f->help, field_range(f, range),
             f->unit ? "; unit " : "", f->unit ? f->unit : "", fallback ? fallback : "none");
    print_entry(name, help);
}

static void print_fields(void) {
    for (int group = 0; group < GROUP_COUNT; group++) {
        printf("\nFields: %s\n", field_group_names[group]);
        for (int i = 0; i < FIELD_COUNT; i++)
            if ((int)scenario_fields[i].group == group)
                print_field(&scenario_fields[i]);
    }
    puts("\nNumbers take k, M, G (powers of 1000) and %; an empty value is the default. In names - stands "
         "for _ too.");
}

static void print_command(enum command_id id) {
    const struct command *command = &commands[id];
    printf("Usage: moescope %s %s\n\n%s\n\nOptions\n", command->name, command->synopsis, command->help);
    for (int i = 0; i < OPT_COUNT; i++)
        if (general_options[i].commands & (1u << id))
            print_option(&general_options[i]);
    if (command->takes_fields)
        print_fields();
}

static void print_overview(void) {
    puts("Usage: moescope [COMMAND] [OPTIONS]\n\n"
         "What serving a large language model costs, mixture of experts or dense. Without a command: the "
         "explorer.\n\n"
         "Commands");
    for (int i = 0; i < CMD_COUNT; i++)
        print_entry(commands[i].name, commands[i].help);
    puts("\nOptions");
    for (int i = 0; i < OPT_COUNT; i++)
        print_option(&general_options[i]);
    print_fields();
    puts("\n'moescope help COMMAND' has the options of one command; the manual is moescope(1).");
}

static void print_fields_csv(void) {
    puts("id,label,unit,group,type,min,max,open_min,allowed,default,help");
    for (const struct field *f = scenario_fields; f < scenario_fields + FIELD_COUNT; f++) {
        static const char *const types[] = {"text", "integer", "real"};
        char text[VALUE_LEN];
        bool number = f->type != FIELD_TEXT;
        csv_write_cell(stdout, f->id, true);
        csv_write_cell(stdout, f->label, false);
        csv_write_cell(stdout, f->unit ? f->unit : "", false);
        csv_write_cell(stdout, field_group_names[f->group], false);
        csv_write_cell(stdout, types[f->type], false);
        csv_write_cell(stdout, number ? number_print(f->min, text) : "", false);
        csv_write_cell(stdout, number ? number_print(f->max, text) : "", false);
        csv_write_cell(stdout, f->open_min ? "1" : "0", false);
        csv_write_cell(stdout, field_range(f, text), false);
        csv_write_cell(stdout, f->default_text ? f->default_text : "", false);
        csv_write_cell(stdout, f->help, false);
        csv_end_row(stdout);
    }
}

static void print_figures_csv(void) {
    puts("id,label,unit,class,better,help");
    for (const struct estimate_field *f = estimate_fields; f < estimate_fields + ESTIMATE_FIELD_COUNT; f++) {
        static const char *const better[] = {"", "lower", "higher"};
        static const char *const classes[] = {"always", "memory", "performance", "routing", "cost"};
        csv_write_cell(stdout, f->id, true);
        csv_write_cell(stdout, f->label, false);
        csv_write_cell(stdout, f->unit ? f->unit : "", false);
        csv_write_cell(stdout, classes[f->class], false);
        csv_write_cell(stdout, better[f->better], false);
        csv_write_cell(stdout, f->help, false);
        csv_end_row(stdout);
    }
}

static void print_options_csv(void) {
    puts("name,argument,help");
    for (int i = 0; i < OPT_COUNT; i++) {
        csv_write_cell(stdout, general_options[i].name, true);
        csv_write_cell(stdout, general_options[i].argument ? general_options[i].argument : "", false);
        csv_write_cell(stdout, general_options[i].help, false);
        csv_end_row(stdout);
    }
}

static void print_keys_csv(void) {
    struct action_help action;
    puts("keys,group,help,actions");
    for (size_t i = 0; tui_action_help(i, &action); i++) {
        csv_write_cell(stdout, action.keys, true);
        csv_write_cell(stdout, action.group, false);
        csv_write_cell(stdout, action.help, false);
        csv_write_cell(stdout, action.ids, false);
        csv_end_row(stdout);
    }
}

/* The command that the help is about, or CMD_COUNT: all of them. */
static enum command_id help_topic(const struct options *o) {
    const char *topic = o->topic ? o->topic : commands[o->command].name;
    bool general = !o->topic && (o->command == CMD_HELP || o->command == CMD_EXPLORE);
    int i = 0;
    while (i < CMD_COUNT && (general || strcmp(commands[i].name, topic) != 0))
        i++;
    return (enum command_id)i;
}

enum status cmd_help(const struct options *o) {
    enum command_id topic = help_topic(o);
    if (o->text[OPT_FIELDS])
        print_fields_csv();
    else if (o->text[OPT_FIGURES])
        print_figures_csv();
    else if (o->text[OPT_OPTIONS])
        print_options_csv();
    else if (o->text[OPT_KEYS])
        print_keys_csv();
    else if (topic < CMD_COUNT)
        print_command(topic);
    else
        print_overview();
    return STATUS_OK;
}
