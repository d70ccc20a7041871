#include "tui/actions.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "catalog/suggest.h"
#include "tui/command.h"
#include "tui/command_line.h"
#include "tui/find.h"
#include "tui/slots.h"
#include "tui/measuring.h"
#include "tui/present.h"
#include "tui/tui_run.h"
#include "tui/wrap.h"

enum { PAGE_END = 100000 }; /* rows: beyond the end of any page */

/* --- fields --- */

static void run_move(struct ui *u, const struct action *a, int key) {
    (void)key;
    u->field = (u->field + a->argument + FIELD_COUNT) % FIELD_COUNT;
}

/* To the first field of the next group, or of the one before. */
static void run_group(struct ui *u, const struct action *a, int key) {
    (void)key;
    int group = ((int)ui_field(u)->group + a->argument + GROUP_COUNT) % GROUP_COUNT;
    for (u->field = 0; (int)ui_field(u)->group != group && u->field + 1 < FIELD_COUNT;)
        u->field++;
}

static void run_adjust(struct ui *u, const struct action *a, int key) {
    (void)key;
    edit_step(u, STEP_KEY, a->argument);
}

static void run_fine(struct ui *u, const struct action *a, int key) {
    (void)key;
    edit_step(u, STEP_FINE, a->argument);
}

static void run_coarse(struct ui *u, const struct action *a, int key) {
    (void)key;
    edit_step(u, STEP_COARSE, a->argument);
}

static void run_limit(struct ui *u, const struct action *a, int key) {
    (void)key;
    edit_step(u, STEP_LIMIT, a->argument);
}

static void run_reset(struct ui *u, const struct action *a, int key) {
    (void)key;
    edit_reset(u, a->argument != 0);
}

static void run_slot(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    u->view.edited = 1 - u->view.edited;
    u->view.mend = 0;
    u->wide_stale = true; /* some views are of the edited scenario */
    figure_cursor_find_mends(u);
}

static void run_undo(struct ui *u, const struct action *a, int key) {
    (void)key;
    struct scenario was[SLOT_COUNT] = {*session_scenario(u->session, SLOT_A),
                                       *session_scenario(u->session, SLOT_B)};
    unsigned slots = a->argument < 0 ? session_undo(u->session) : session_redo(u->session);
    if (!slots) {
        ui_say(u, false, "nothing to %s", a->argument < 0 ? "undo" : "redo");
        return;
    }
    if (!(slots & 1u << u->view.edited)) /* what came back is on the screen */
        u->view.edited = 1 - u->view.edited;
    ui_update(u, slots);
    ui_say_effect(u, u->view.edited, &was[u->view.edited]);
}

/* --- typing a value --- */

static void open_mode(struct ui *u, enum mode mode) {
    u->back = ui_base_mode(u);
    u->mode = mode;
}

static void run_back(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    u->mode = u->back;
}

static void type_character(struct ui *u, int key) {
    size_t n = strlen(u->entry);
    if (u->entry_first)
        n = 0;
    u->entry_first = false;
    if (n + 1 < sizeof u->entry) {
        u->entry[n] = (char)key;
        u->entry[n + 1] = '\0';
    }
}

/* A digit begins a new value; Enter opens the present one. */
static void run_entry(struct ui *u, const struct action *a, int key) {
    char text[VALUE_LEN];
    open_mode(u, MODE_ENTRY);
    u->entry[0] = '\0';
    u->entry_first = false;
    if (a->argument == 0) {
        if (key != KEYCODE_NONE) /* NONE: asked for by name */
            type_character(u, key);
        return;
    }
    snprintf(u->entry, sizeof u->entry, "%s",
             deployment_print(ui_deployment(u), ui_scenario(u), ui_field(u), text));
    u->entry_first = u->entry[0] != '\0';
}

static void run_type(struct ui *u, const struct action *a, int key) {
    (void)a;
    type_character(u, key);
    u->preset = 0;
    u->page_scroll = 0;
    find_follow(u);
}

static void run_erase(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    size_t n = strlen(u->entry);
    if (u->entry_first)
        n = u->entry[0] = '\0';
    u->entry_first = false;
    u->preset = 0;
    if (n > 0)
        u->entry[n - 1] = '\0';
    find_follow(u);
}

/* An entry that is not allowed stays, with the reason, so that it can be mended. */
static void run_take(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    char err[ERROR_LEN];
    struct scenario next = *ui_scenario(u);
    if (!scenario_parse(&next, ui_field(u), u->entry, err)) {
        ui_say(u, true, "%s", err);
        return;
    }
    if (ui_apply(u, &next))
        u->mode = u->back;
}

/* --- A and B --- */

static void run_swap(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    slots_swap(u);
}

static void run_copy(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    slots_copy(u);
}

static void run_lock(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    slots_toggle_lock(u, u->field);
}

/* --- the command line, finding --- */

static void run_command(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    command_line_open(u);
}

static void run_command_type(struct ui *u, const struct action *a, int key) {
    (void)a;
    command_line_type(u, key);
}

static void run_command_erase(struct ui *u, const struct action *a, int key) {
    (void)key;
    command_line_erase(u, a->argument);
}

static void run_command_clear(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    command_line_clear(u);
}

static void run_command_move(struct ui *u, const struct action *a, int key) {
    (void)key;
    command_line_move(u, a->argument);
}

static void run_command_recall(struct ui *u, const struct action *a, int key) {
    (void)key;
    command_line_recall(u, a->argument);
}

static void run_command_complete(struct ui *u, const struct action *a, int key) {
    (void)key;
    command_line_complete(u, a->argument);
}

static void run_command_enter(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    command_line_enter(u);
}

static void run_find(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    find_open(u);
}

static void run_find_enter(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    find_enter(u);
}

static void run_find_leave(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    find_leave(u);
}

/* --- panes --- */

static void run_focus(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    u->mode = u->mode != MODE_COLUMN ? MODE_COLUMN : u->wide ? MODE_WIDE : MODE_PANES;
    figure_cursor_find_mends(u);
}

/* Over the figures of a pane and its moves, then on to the next pane. */
static void run_pane_vertical(struct ui *u, const struct action *a, int key) {
    (void)key;
    figure_cursor_step(u, a->argument);
}

static void run_pane_horizontal(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    figure_cursor_beside(u);
}

static void run_adopt(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    int slot = view_mend_slot(&u->view);
    if (slot < 0 || u->view.mend >= u->view.slot[slot].n_mends) {
        ui_say(u, false, slot < 0 ? "both scenarios run: nothing to mend" : "no single change mends it");
        return;
    }
    struct scenario next = u->view.slot[slot].mend[u->view.mend].scenario;
    u->view.edited = slot;
    ui_apply(u, &next);
}

static void run_zoom(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    u->zoom = !u->zoom;
    if (u->zoom)
        u->mode = u->wide ? MODE_WIDE : MODE_PANES;
}

/* Enter adopts a move that mends, or shows the working of the figure. */
static void run_open(struct ui *u, const struct action *a, int key) {
    const struct shown_row *row = figure_cursor_row(u);
    if (figure_cursor_on_mends(u))
        run_adopt(u, a, key);
    else if (row)
        overlay_open_working(u, row->id, u->view.edited);
    if (row && row->interval)
        u->page_scroll = PAGE_END;
}

static void run_leave(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    if (u->zoom)
        u->zoom = false;
    else
        u->mode = MODE_COLUMN;
}

/* --- wide views --- */

static void run_wide_next(struct ui *u, const struct action *a, int key) {
    (void)key;
    wide_show(u, (enum wide_id)(((int)u->wide + a->argument + WIDE_COUNT) % WIDE_COUNT));
}

static void run_wide_move(struct ui *u, const struct action *a, int key) {
    (void)key;
    wide_move(u, a->argument);
}

static void run_wide_jump(struct ui *u, const struct action *a, int key) {
    (void)key;
    wide_jump(u, a->argument);
}

static void run_wide_turn(struct ui *u, const struct action *a, int key) {
    (void)key;
    wide_turn(u, a->argument);
}

static void run_wide_enter(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    wide_enter(u);
}

/* --- measuring --- */

static void run_measure(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    measuring_start(u);
}

static void run_cancel(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    measuring_cancel(u);
}

static void run_compare(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    measuring_compare(u);
}

/* --- overlays --- */

static void run_help(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    open_mode(u, MODE_HELP);
    u->page_scroll = 0;
    u->help_filter[0] = '\0';
}

static void run_help_find(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    u->mode = MODE_HELP_FIND;
    u->entry[0] = '\0';
    u->entry_first = false;
    u->page_scroll = 0;
}

/* Back to the page, with what was typed (1) or with all of it. */
static void run_help_found(struct ui *u, const struct action *a, int key) {
    (void)key;
    u->mode = MODE_HELP;
    snprintf(u->help_filter, sizeof u->help_filter, "%s", a->argument ? u->entry : "");
}

/* One step back: to the whole page, then to what is below it. */
static void run_close_page(struct ui *u, const struct action *a, int key) {
    if (u->mode == MODE_HELP && u->help_filter[0])
        u->help_filter[0] = '\0';
    else
        run_back(u, a, key);
}

static void run_scroll(struct ui *u, const struct action *a, int key) {
    (void)key;
    u->page_scroll += a->argument; /* kept within the text when it is drawn */
    if (u->page_scroll < 0)
        u->page_scroll = 0;
}

/* The same figure of the other scenario. */
static void run_working_slot(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    overlay_open_working(u, u->working->figure, 1 - u->working->slot);
}

static void run_presets(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    open_mode(u, MODE_PRESETS);
    u->entry[0] = '\0';
    u->entry_first = false;
    u->preset = 0;
}

static void run_preset_move(struct ui *u, const struct action *a, int key) {
    (void)key;
    size_t n = u->mode == MODE_FIND ? find_count(u) : presets_count(u), to = u->preset + (size_t)a->argument;
    if (to < n)
        u->preset = to;
    else if (a->argument > 1 && n > 0)
        u->preset = n - 1;
    else if (a->argument < -1)
        u->preset = 0;
    find_follow(u);
}

static void run_load(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    const struct scenario_preset *p = presets_at(u, u->preset);
    if (!p) {
        ui_say(u, true, "no scenario matches '%s'", u->entry);
        return;
    }
    if (ui_apply(u, &p->scenario))
        u->mode = u->back;
}

/* --- session --- */

/* A name of its own even when two exports fall into one second. */
static bool export_session(struct ui *u, char *path, size_t size, char *err) {
    char stamp[32];
    time_t now = time(NULL);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime(&now));
    for (int i = 1; i <= 9; i++) {
        FILE *there;
        snprintf(path, size, i == 1 ? "moescope-%s.csv" : "moescope-%s-%d.csv", stamp, i);
        there = fopen(path, "r");
        if (!there)
            break;
        fclose(there);
    }
    return session_export(u->session, u->catalog, &u->cache, path, false, err);
}

static void run_export(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    char path[64], err[ERROR_LEN];
    if (u->mode == MODE_QUIT)
        u->mode = u->back;
    if (export_session(u, path, sizeof path, err))
        ui_say(u, false, "session written to %s", path);
    else
        ui_say(u, true, "%s", err);
}

static void run_quit(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    bool touched = session_state_count(u->session) > u->start_states;
    if (u->mode == MODE_QUIT || !touched || !session_dirty(u->session))
        u->quit = true;
    else
        open_mode(u, MODE_QUIT);
}

static void run_picture(struct ui *u, const struct action *a, int key) {
    (void)a, (void)key;
    ui_take_picture(u);
}

static void run_present(struct ui *u, const struct action *a, int key) {
    (void)key;
    if (u->mode != MODE_PRESENT)
        u->mode = MODE_PRESENT;
    else if (a->argument == 0)
        u->mode = MODE_COLUMN;
    else
        present_turn(u, a->argument);
}

static void run_look(struct ui *u, const struct action *a, int key) {
    (void)key;
    (a->argument ? ui_turn_glyphs : ui_turn_theme)(u);
}

/* The loop draws everything again on this key before it comes here; the row is for the help. */
static void run_redraw(struct ui *u, const struct action *a, int key) {
    (void)u, (void)a, (void)key;
}

/* --- the table --- */

enum {
    IN_COLUMN = 1 << MODE_COLUMN,
    IN_PANES = 1 << MODE_PANES,
    IN_WIDE = 1 << MODE_WIDE,
    IN_ENTRY = 1 << MODE_ENTRY,
    IN_PRESETS = 1 << MODE_PRESETS,
    IN_HELP = 1 << MODE_HELP,
    IN_WORKING = 1 << MODE_WORKING,
    IN_PAGE = IN_HELP | IN_WORKING,
    IN_QUIT = 1 << MODE_QUIT,
    IN_PRESENT = 1 << MODE_PRESENT,
    IN_COMMAND = 1 << MODE_COMMAND,
    IN_FIND = 1 << MODE_FIND,
    IN_HELP_FIND = 1 << MODE_HELP_FIND,
    IN_LIST = IN_PRESETS | IN_FIND,
    IN_LINE = IN_ENTRY | IN_LIST | IN_HELP_FIND, /* where u->entry is typed */
    IN_MAIN = IN_COLUMN | IN_PANES | IN_WIDE
};

/* clang-format off */
#define DIGIT_KEYS {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.'}
#define SHOWN(keys, bar, group, help, rank) keys, bar, group, help, rank
#define PAIRED NULL, NULL, NULL, NULL, 0      /* shares the line of the row before */

/* The order is the order of the help; the key bar shows the rows of its mode that have a word, as many as fit. */
static const struct action actions[] = {
    {"field-up", IN_COLUMN, {KEYCODE_UP, 'k'}, -1, run_move,
     SHOWN("↑ ↓  j k", NULL, "sliders", "choose a field", 0)},
    {"field-down", IN_COLUMN, {KEYCODE_DOWN, 'j'}, 1, run_move, PAIRED},
    {"less", IN_COLUMN, {KEYCODE_LEFT, 'h'}, -1, run_adjust,
     SHOWN("← →  h l", "←→ change", "sliders", "move the slider: halve or double, one step, the next choice", 3)},
    {"more", IN_COLUMN, {KEYCODE_RIGHT, 'l'}, 1, run_adjust, PAIRED},
    {"type", IN_MAIN, DIGIT_KEYS, 0, run_entry,
     SHOWN("0-9 .", "0-9 type", "sliders", "type a value (k, M, G and % may follow): Enter takes it, Esc drops it", 9)},
    {"edit", IN_COLUMN, {KEYCODE_ENTER}, 1, run_entry,
     SHOWN("Enter", NULL, "sliders", "edit the value as text", 0)},
    {"fine-less", IN_MAIN, {'-'}, -1, run_fine,
     SHOWN("- +", NULL, "sliders", "fine step", 0)},
    {"fine-more", IN_MAIN, {'+', '='}, 1, run_fine, PAIRED},
    {"coarse-less", IN_MAIN, {'['}, -1, run_coarse,
     SHOWN("[ ]", NULL, "sliders", "coarse step", 0)},
    {"coarse-more", IN_MAIN, {']'}, 1, run_coarse, PAIRED},
    {"lowest", IN_MAIN, {KEYCODE_HOME}, -1, run_limit,
     SHOWN("Home End", NULL, "sliders", "lowest and highest value", 0)},
    {"highest", IN_MAIN, {KEYCODE_END}, 1, run_limit, PAIRED},
    {"group-up", IN_COLUMN, {KEYCODE_PAGE_UP}, -1, run_group,
     SHOWN("PgUp PgDn", NULL, "sliders", "group before or after", 0)},
    {"group-down", IN_COLUMN, {KEYCODE_PAGE_DOWN}, 1, run_group, PAIRED},
    {"reset", IN_MAIN | IN_PRESENT, {'r'}, 0, run_reset,
     SHOWN("r", NULL, "sliders", "the field as it was when the explorer opened", 0)},
    {"auto", IN_MAIN | IN_PRESENT, {'R', 'd'}, 1, run_reset,
     SHOWN("R  d", NULL, "sliders", "the field back to its default (auto)", 0)},
    {"slot", IN_MAIN | IN_PRESENT, {'b'}, 0, run_slot,
     SHOWN("b", "b A/B", "scenarios", "edit the other scenario, A or B", 4)},
    {"focus", IN_MAIN, {KEYCODE_TAB, KEYCODE_BACKTAB}, 0, run_focus,
     SHOWN("Tab", "Tab panes", "scenarios", "move between the sliders and the panes", 5)},
    {"presets", IN_MAIN | IN_PRESENT, {'p'}, 0, run_presets,
     SHOWN("p", "p presets", "scenarios", "ready-made scenarios: type to filter, Enter loads into the edited slot", 6)},
    {"mend", IN_MAIN | IN_PRESENT, {'m'}, 0, run_adopt,
     SHOWN("m", NULL, "scenarios", "make a scenario that does not run possible: adopt the marked move", 0)},
    {"swap", IN_MAIN | IN_PRESENT, {'S'}, 0, run_swap, SHOWN("S", NULL, "scenarios", "exchange A and B", 0)},
    {"copy", IN_MAIN | IN_PRESENT, {'C'}, 0, run_copy, SHOWN("C", NULL, "scenarios", "copy the scenario under edit onto the other", 0)},
    {"lock", IN_MAIN | IN_PRESENT, {'L'}, 0, run_lock,
     SHOWN("L", NULL, "scenarios", "lock the field, or free it: a change of a locked field (=) changes A and B", 0)},
    {"undo", IN_MAIN | IN_PRESENT, {'u'}, -1, run_undo,
     SHOWN("u", "u undo", "scenarios", "undo", 7)},
    {"redo", IN_MAIN | IN_PRESENT, {KEYCODE_CTRL_R}, 1, run_undo,
     SHOWN("Ctrl-R", NULL, "scenarios", "redo", 0)},
    {"pane-up", IN_PANES, {KEYCODE_UP, 'k'}, -1, run_pane_vertical,
     SHOWN("arrows hjkl", "←↑↓→ figure", "panes", "the figure above or below, the pane beside; in Memory, the moves that mend", 3)},
    {"pane-down", IN_PANES, {KEYCODE_DOWN, 'j'}, 1, run_pane_vertical, PAIRED},
    {"pane-left", IN_PANES, {KEYCODE_LEFT, 'h'}, -1, run_pane_horizontal, PAIRED},
    {"pane-right", IN_PANES, {KEYCODE_RIGHT, 'l'}, 1, run_pane_horizontal, PAIRED},
    {"open", IN_PANES, {KEYCODE_ENTER}, 0, run_open,
     SHOWN("Enter", "Enter working", "panes", "how the marked figure comes about; or adopt the marked move", 4)},
    {"zoom", IN_MAIN, {'z'}, 0, run_zoom,
     SHOWN("z", "z zoom", "panes", "show one pane large, and back", 10)},
    {"view-before", IN_MAIN, {'<', ','}, -1, run_wide_next,
     SHOWN("< >", "<> views", "views", "the view before or after: panes, tables, articles, plots, layouts, validation", 6)},
    {"view-after", IN_MAIN, {'>'}, 1, run_wide_next, PAIRED},
    {"turn", IN_MAIN, {'n'}, 1, run_wide_turn,
     SHOWN("n N", NULL, "views", "what else the view can show: another figure, axis or order", 0)},
    {"turn-back", IN_MAIN, {'N'}, -1, run_wide_turn, PAIRED},
    {"row-up", IN_WIDE, {KEYCODE_UP, 'k'}, -1, run_wide_move,
     SHOWN("↑ ↓  j k", "↑↓ row", "views", "a row up or down; the lines below tell more about it", 3)},
    {"row-down", IN_WIDE, {KEYCODE_DOWN, 'j'}, 1, run_wide_move, PAIRED},
    {"row-page-up", IN_WIDE, {KEYCODE_PAGE_UP}, -10, run_wide_move,
     SHOWN("PgUp PgDn", NULL, "views", "ten rows up or down", 0)},
    {"row-page-down", IN_WIDE, {KEYCODE_PAGE_DOWN}, 10, run_wide_move, PAIRED},
    {"part-before", IN_WIDE, {'{'}, -1, run_wide_jump,
     SHOWN("{ }", NULL, "views", "the table before or after, in the articles", 0)},
    {"part-after", IN_WIDE, {'}'}, 1, run_wide_jump, PAIRED},
    {"row-enter", IN_WIDE, {KEYCODE_ENTER}, 0, run_wide_enter,
     SHOWN("Enter", NULL, "views", "what the row offers: a step's working, an article's deployment, a layout", 0)},
    {"measure", IN_MAIN, {'v'}, 0, run_measure,
     SHOWN("v", "v validate", "validation", "measure on this machine what the panes claim, and count with what was measured", 7)},
    {"cancel", IN_MAIN, {'x'}, 0, run_cancel,
     SHOWN("x", NULL, "validation", "stop measuring at once", 0)},
    {"compare", IN_MAIN, {'c'}, 0, run_compare,
     SHOWN("c", NULL, "validation", "the panes with the constants measured here, or with the presets'", 0)},
    {"leave", IN_PANES | IN_WIDE, {KEYCODE_ESC}, 0, run_leave,
     SHOWN("Esc", "Esc back", "panes", "one step back; never quits", 4)},
    {"command", IN_MAIN, {':'}, 0, run_command,
     SHOWN(":", ": command", "session", "type a command: Tab completes it", 6)},
    {"find", IN_MAIN, {'/'}, 0, run_find,
     SHOWN("/", "/ find", "session", "find a field, a scenario, a view or an action by its name", 6)},
    {"export", IN_MAIN | IN_QUIT | IN_PRESENT, {'e'}, 0, run_export,
     SHOWN("e", "e export", "session", "write the session to moescope-DATE-TIME.csv in this folder", 9)},
    {"help", IN_MAIN | IN_PRESENT, {'?', KEYCODE_F1}, 0, run_help,
     SHOWN("?  F1", "? help", "session", "this page", 1)},
    {"picture", IN_MAIN | IN_PAGE | IN_PRESENT, {'s'}, 0, run_picture,
     SHOWN("s", NULL, "session", "write this screen to moescope-DATE-TIME.txt, .ansi and .svg in this folder", 0)},
    {"present", IN_MAIN, {'P'}, 0, run_present,
     SHOWN("P", NULL, "session", "one figure at a time, large, for a room: ←→ the next, ↑↓ move the slider, Esc back", 0)},
    {"present-before", IN_PRESENT, {KEYCODE_LEFT, 'h', KEYCODE_PAGE_UP, KEYCODE_BACKSPACE}, -1, run_present,
     SHOWN("← →  h l", "←→ figure", "large figures", "the figure before or after", 3)},
    {"present-after", IN_PRESENT, {KEYCODE_RIGHT, 'l', KEYCODE_PAGE_DOWN, ' ', KEYCODE_TAB}, 1, run_present, PAIRED},
    {"present-more", IN_PRESENT, {KEYCODE_UP, 'k', '+', '='}, 1, run_adjust,
     SHOWN("↑ ↓  j k", "↑↓ change", "large figures", "move the slider", 4)},
    {"present-less", IN_PRESENT, {KEYCODE_DOWN, 'j', '-'}, -1, run_adjust, PAIRED},
    {"present-leave", IN_PRESENT, {KEYCODE_ESC, 'P'}, 0, run_present,
     SHOWN("Esc  P", "Esc explorer", "large figures", "back to the explorer", 5)},
    {"theme", IN_MAIN | IN_PRESENT, {'T'}, 0, run_look,
     SHOWN("T", NULL, "session", "the next theme: dark, light, high-contrast, mono", 0)},
    {"glyphs", IN_MAIN | IN_PRESENT, {'G'}, 1, run_look,
     SHOWN("G", NULL, "session", "the next set of glyphs: ASCII, lines and blocks, braille too", 0)},
    {"redraw", IN_MAIN | IN_PRESENT, {KEYCODE_CTRL_L}, 0, run_redraw, SHOWN("Ctrl-L", NULL, "session", "draw the screen again", 0)},
    {"quit", IN_MAIN | IN_QUIT | IN_PRESENT, {'q'}, 0, run_quit,
     SHOWN("q", "q quit", "session", "quit; asks once if work is not saved", 2)},
    {"stay", IN_QUIT, {KEYCODE_ESC}, 0, run_back,
     SHOWN("Esc", "Esc stay", "session", "at the question whether to quit: stay", 3)},

    {"take", IN_ENTRY, {KEYCODE_ENTER}, 0, run_take,
     SHOWN("Enter", "Enter take", "typing a value", "take the value; one that is not allowed stays, with the reason", 1)},
    {"drop", IN_ENTRY, {KEYCODE_ESC}, 0, run_back,
     SHOWN("Esc", "Esc drop", "typing a value", "drop it", 2)},
    {"erase", IN_LINE, {KEYCODE_BACKSPACE, KEYCODE_DELETE, 8}, 0, run_erase,
     SHOWN("Backspace", NULL, "typing a value", "take the last character away; in a list, widen the search", 0)},
    {"character", IN_LINE, {KEYCODE_PRINTABLE}, 0, run_type, PAIRED},

    {"command-enter", IN_COMMAND, {KEYCODE_ENTER}, 0, run_command_enter,
     SHOWN("Enter", "Enter run", "command line", "run the line; one that is refused stays, with the reason", 1)},
    {"complete", IN_COMMAND, {KEYCODE_TAB}, 1, run_command_complete,
     SHOWN("Tab", "Tab complete", "command line", "complete the last word; again: the next that it could be", 3)},
    {"complete-back", IN_COMMAND, {KEYCODE_BACKTAB}, -1, run_command_complete, PAIRED},
    {"recall-before", IN_COMMAND, {KEYCODE_UP}, -1, run_command_recall,
     SHOWN("↑ ↓", "↑↓ history", "command line", "a line entered before", 4)},
    {"recall-after", IN_COMMAND, {KEYCODE_DOWN}, 1, run_command_recall, PAIRED},
    {"command-left", IN_COMMAND, {KEYCODE_LEFT}, -1, run_command_move,
     SHOWN("← → Home End", NULL, "command line", "move within the line", 0)},
    {"command-right", IN_COMMAND, {KEYCODE_RIGHT}, 1, run_command_move, PAIRED},
    {"command-first", IN_COMMAND, {KEYCODE_HOME}, -2, run_command_move, PAIRED},
    {"command-last", IN_COMMAND, {KEYCODE_END}, 2, run_command_move, PAIRED},
    {"command-erase", IN_COMMAND, {KEYCODE_BACKSPACE, 8}, -1, run_command_erase,
     SHOWN("Backspace", NULL, "command line", "take a character away; on an empty line, close it", 0)},
    {"command-delete", IN_COMMAND, {KEYCODE_DELETE}, 0, run_command_erase, PAIRED},
    {"command-clear", IN_COMMAND, {KEYCODE_CTRL_U}, 0, run_command_clear,
     SHOWN("Ctrl-U", NULL, "command line", "empty the line", 0)},
    {"command-close", IN_COMMAND, {KEYCODE_ESC}, 0, run_back,
     SHOWN("Esc", "Esc close", "command line", "close it", 2)},
    {"command-character", IN_COMMAND, {KEYCODE_PRINTABLE}, 0, run_command_type, PAIRED},

    {"preset-up", IN_LIST, {KEYCODE_UP}, -1, run_preset_move,
     SHOWN("↑ ↓ Home End", "↑↓ choose", "lists", "choose among what matches the text typed", 3)},
    {"preset-down", IN_LIST, {KEYCODE_DOWN}, 1, run_preset_move, PAIRED},
    {"preset-first", IN_LIST, {KEYCODE_HOME, KEYCODE_PAGE_UP}, -1000, run_preset_move, PAIRED},
    {"preset-last", IN_LIST, {KEYCODE_END, KEYCODE_PAGE_DOWN}, 1000, run_preset_move, PAIRED},
    {"preset-load", IN_PRESETS, {KEYCODE_ENTER}, 0, run_load,
     SHOWN("Enter", "Enter load", "lists", "load the marked scenario; in what `/` found: go there, load, show or do it", 2)},
    {"find-enter", IN_FIND, {KEYCODE_ENTER}, 0, run_find_enter, NULL, "Enter go, do", NULL, NULL, 2},
    {"preset-close", IN_PRESETS, {KEYCODE_ESC}, 0, run_back,
     SHOWN("Esc", "Esc close", "lists", "close the list", 1)},
    {"find-close", IN_FIND, {KEYCODE_ESC}, 0, run_find_leave, NULL, "Esc back", NULL, NULL, 1},

    {"page-up", IN_PAGE, {KEYCODE_UP, 'k'}, -1, run_scroll,
     SHOWN("↑ ↓ PgUp PgDn", "↑↓ scroll", "pages", "scroll the help or a working; Home and End too", 2)},
    {"page-down", IN_PAGE, {KEYCODE_DOWN, 'j'}, 1, run_scroll, PAIRED},
    {"page-page-up", IN_PAGE, {KEYCODE_PAGE_UP}, -10, run_scroll, PAIRED},
    {"page-page-down", IN_PAGE, {KEYCODE_PAGE_DOWN, ' '}, 10, run_scroll, PAIRED},
    {"page-first", IN_PAGE, {KEYCODE_HOME}, -PAGE_END, run_scroll, PAIRED},
    {"page-last", IN_PAGE, {KEYCODE_END}, PAGE_END, run_scroll, PAIRED},
    {"page-slot", IN_WORKING, {'b'}, 0, run_working_slot,
     SHOWN("b", "b A/B", "pages", "the working of the other scenario's figure", 3)},
    {"help-find", IN_HELP, {'/'}, 0, run_help_find,
     SHOWN("/", "/ search", "pages", "show what holds a text only, in the help", 3)},
    {"help-found", IN_HELP_FIND, {KEYCODE_ENTER}, 1, run_help_found, NULL, "Enter keep", NULL, NULL, 1},
    {"help-all", IN_HELP_FIND, {KEYCODE_ESC}, 0, run_help_found, NULL, "Esc show all", NULL, NULL, 2},
    {"page-close", IN_PAGE, {KEYCODE_ESC, KEYCODE_ENTER, 'q', '?', KEYCODE_F1}, 0, run_close_page,
     SHOWN("Esc", "Esc close", "pages", "close the page", 1)},
};
/* clang-format on */

enum { ACTIONS = sizeof actions / sizeof *actions };

const struct action *action_at(size_t i) {
    return i < ACTIONS ? &actions[i] : NULL;
}

static bool has_key(const struct action *a, int key) {
    for (int i = 0; i < ACTION_KEYS && a->key[i] != 0; i++)
        if (a->key[i] == key || (a->key[i] == KEYCODE_PRINTABLE && key >= ' ' && key < 127))
            return true;
    return false;
}

static bool is_bound(const struct tui_keys *bound, size_t action) {
    for (size_t i = 0; bound && i < bound->n; i++)
        if (bound->item[i].action == action)
            return true;
    return false;
}

const struct action *action_find(const struct tui_keys *bound, enum mode mode, int key) {
    for (size_t i = 0; bound && i < bound->n; i++)
        if (bound->item[i].key == key && (actions[bound->item[i].action].modes & 1u << mode))
            return &actions[bound->item[i].action];
    for (size_t i = 0; i < ACTIONS; i++)
        if ((actions[i].modes & 1u << mode) && has_key(&actions[i], key) && !is_bound(bound, i))
            return &actions[i];
    return NULL;
}

void action_run(struct ui *u, const char *id) {
    for (size_t i = 0; i < ACTIONS; i++)
        if (strcmp(actions[i].id, id) == 0) {
            actions[i].run(u, &actions[i], KEYCODE_NONE);
            return;
        }
}

/* --- keys that the user has changed --- */

/* The user's keys of one action, blanks between; "" where it has none. */
static void print_bound(const struct tui_keys *bound, size_t action, char *buf) {
    char name[KEY_NAME_LEN];
    for (size_t i = 0; bound && i < bound->n; i++)
        if (bound->item[i].action == action)
            text_add(buf, ACTION_TEXT, "%s%s", *buf ? " " : "", key_to_name(bound->item[i].key, name));
}

/* Rows that share a line: keys of any of them that are the user's stand for all. */
const char *action_keys(const struct tui_keys *bound, const struct action *a, char *buf) {
    size_t i = (size_t)(a - actions);
    if (!a->keys)
        return NULL;
    *buf = '\0';
    do
        print_bound(bound, i++, buf);
    while (i < ACTIONS && !actions[i].keys);
    if (!*buf)
        snprintf(buf, ACTION_TEXT, "%s", a->keys);
    return buf;
}

const char *action_bar(const struct tui_keys *bound, const struct action *a, char *buf) {
    if (!a->bar)
        return NULL;
    *buf = '\0';
    print_bound(bound, (size_t)(a - actions), buf);
    const char *words = strchr(a->bar, ' ');
    if (*buf && words)
        text_add(buf, ACTION_TEXT, "%s", words);
    else
        snprintf(buf, ACTION_TEXT, "%s", a->bar);
    return buf;
}

static bool refuse_action(const char *id, char *err) {
    struct suggestion near;
    suggest_begin(&near, id);
    for (size_t i = 0; i < ACTIONS; i++)
        suggest_offer(&near, actions[i].id);
    snprintf(err, ERROR_LEN, "no action '%.40s'%s%s%s; `moescope help --keys` lists them", id, near.best ? " (did you mean '" : "",
             near.best ? near.best : "", near.best ? "'?)" : "");
    return false;
}

static bool refuse_key(const char *name, char *err) {
    snprintf(err, ERROR_LEN, "no key '%.40s' (allowed: a single character", name);
    for (size_t i = 0; key_table_name(i); i++)
        text_add(err, ERROR_LEN, ", %s", key_table_name(i));
    text_add(err, ERROR_LEN, ")");
    return false;
}

bool tui_keys_bind(struct tui_keys *keys, const char *action, const char *key, char *err) {
    size_t i = 0;
    int code = key_from_name(key);
    while (i < ACTIONS && strcmp(actions[i].id, action) != 0)
        i++;
    if (i == ACTIONS)
        return refuse_action(action, err);
    if (code == KEYCODE_NONE)
        return refuse_key(key, err);
    for (size_t k = 0; k < keys->n; k++)
        if (keys->item[k].key == code && keys->item[k].action != i &&
            (actions[keys->item[k].action].modes & actions[i].modes)) {
            snprintf(err, ERROR_LEN, "key '%s' is bound to '%s' already; allowed: one action", key,
                     actions[keys->item[k].action].id);
            return false;
        }
    if (keys->n == TUI_BINDINGS) {
        snprintf(err, ERROR_LEN, "more than %d keys are bound", TUI_BINDINGS);
        return false;
    }
    keys->item[keys->n++] = (struct tui_binding){i, code};
    return true;
}

/* --- for the man page --- */

bool tui_action_help(size_t i, struct action_help *out) {
    for (size_t k = 0; k < ACTIONS; k++) {
        if (!actions[k].keys || i-- > 0)
            continue;
        *out = (struct action_help){.keys = actions[k].keys, .help = actions[k].help, .group = actions[k].group};
        text_add(out->ids, sizeof out->ids, "%s", actions[k].id);
        for (k++; k < ACTIONS && !actions[k].keys; k++)
            text_add(out->ids, sizeof out->ids, ", %s", actions[k].id);
        return true;
    }
    return false;
}

bool tui_command_help(size_t i, struct command_help *out) {
    const struct command_row *row = command_at(i);
    if (row)
        *out = (struct command_help){row->name, row->synopsis, row->help};
    return row != NULL;
}
