/* The explorer's state, shared by the files behind ui.h. */
#ifndef MOESCOPE_TUI_UI_STATE_H
#define MOESCOPE_TUI_UI_STATE_H

#include "core/derivation.h"
#include "explore/law_table.h"
#include "catalog/articles.h"
#include "explore/rules.h"
#include "explore/sweep.h"
#include "tui/script.h"
#include "tui/tui_run.h"
#include "tui/ui.h"
#include "tui/verdict.h"
#include "tui/view.h"
#include "tui/wide.h"
#include "validate/claims.h"

/* What takes the keys. */
enum mode {
    MODE_COLUMN, MODE_PANES, MODE_WIDE, MODE_ENTRY, MODE_PRESETS, MODE_HELP, MODE_WORKING, MODE_PRESENT, MODE_QUIT,
    MODE_COMMAND, MODE_FIND, MODE_HELP_FIND, MODE_COUNT
};

enum { ROW_MENDS = SHOWN_MAX };

/* The working of a figure, as it was when it was opened. */
enum { MOVERS_SHOWN = 2 };
struct working_page {
    enum estimate_field_id figure;
    int slot;
    struct derivation_line line[DERIVATION_MAX];
    int lines;
    struct mover mover[MOVERS_SHOWN];
    size_t movers;
};

/* A row of the first article's table of parallelism strategies. */
enum { STRATEGIES_MAX = 8 };
struct strategy {
    struct widths w;
    const struct article_cell *throughput;
    int batch;
};

enum { ENTRY_LEN = 128, MESSAGE_LEN = ERROR_LEN, CROSSOVER_BATCH_MAX = 4096 };

struct ui {
    struct catalog *catalog;
    struct session *session;
    size_t start_states;      /* of the session when the explorer opened */
    struct load_cache cache;  /* of the figures on the screen */
    struct explorer explorer; /* with a cache of its own: searches would wash the screen's out */
    struct view view;
    struct verdict verdict;

    struct look look;
    int page; /* of the large figures */
    int drawn_w, drawn_h; /* size of the last frame */
    enum mode mode, back; /* back: the mode under an overlay, an entry or a question */
    int field;            /* selected scenario field */
    int scroll;           /* first row of the column that is shown */
    int pane;             /* focused */
    int row;              /* of its figures, the one that the cursor is on; ROW_MENDS: on the moves that mend */
    struct shown shown[PANE_COUNT];
    bool zoom;

    enum wide_id wide; /* the view in place of the panes */
    struct wide_place wide_at[WIDE_COUNT];
    bool wide_stale; /* a scenario has changed since the view was prepared */
    struct rule_results rules; /* what the views of rules and laws show */
    struct law_results laws;
    struct articles_view *articles; /* NULL until they are first shown */
    int form[WIDE_COUNT];           /* of the things that a view can show, which */

    struct validation *validation; /* the one that runs, or the last; NULL: none yet */
    struct validation_options measure; /* level NULL: `v` starts nothing */
    bool laid, unlaid;    /* measured constants are there; they are set aside, to compare */
    bool stored_tried;    /* the device's stored profile has been looked for */
    char stored[VIEW_TEXT]; /* what became of it */
    struct claim claims[CLAIM_COUNT];

    struct strategy strategy[STRATEGIES_MAX]; /* of the first article, for the GPUs under edit; the view of layouts */
    int n_strategies;

    struct study study[WIDE_COUNT]; /* of the views that have one */
    struct worker *worker;          /* NULL until there is something to work out, or where there is none */
    int asked;                      /* enum wide_id that it works for; WIDE_NONE: no one */
    int patience_ms;                /* how long a frame waits for it; -1: as long as it takes */

    char entry[ENTRY_LEN]; /* what is being typed: a value, or a filter */
    bool entry_first;      /* the entry shows the present value: the next character replaces it */
    size_t preset;         /* selected in a list, among those that match */
    int page_scroll; /* of help and working */
    struct working_page *working;

    uint64_t locked; /* fields whose changes go into both slots, a bit each */
    struct command_line *command;
    int field_before;            /* selected when `/` was pressed */
    char help_filter[ENTRY_LEN]; /* what the help shows; "" all */
    const struct tui_keys *keys; /* rebound keys; NULL: as the table has them */
    struct hots *hots;           /* what can be clicked on, as last drawn */

    char caption[SCRIPT_TEXT], caption_hint[80];

    char message[MESSAGE_LEN];
    bool message_error;
    bool quit;
};

/* --- results (ui.c) */
const struct scenario *ui_scenario(const struct ui *u); /* the edited slot's */
const struct deployment *ui_deployment(const struct ui *u);
const struct field *ui_field(const struct ui *u);
const char *ui_range(const struct field *f, char *buf); /* what is allowed, in words; buf[VALUE_LEN] */
enum mode
ui_base_mode(const struct ui *u); /* MODE_COLUMN, MODE_PANES, MODE_WIDE or MODE_PRESENT: where the focus is under an overlay */
/* Takes a scenario into the edited slot if its ids resolve; else says why in the status line and changes
 * nothing. */
bool ui_apply(struct ui *u, const struct scenario *next);
/* Works out the slots whose bit is set in `slots` again, as after undo. */
void ui_update(struct ui *u, unsigned slots);
void ui_say(struct ui *u, bool error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What the last edit did to the main figures, in the status line. */
void ui_say_effect(struct ui *u, int slot, const struct scenario *was);

/* --- the mouse (mouse.c) */
void mouse_act(struct ui *u, const struct mouse *m);

/* --- editing one field (edit.c) */
enum stride { STEP_FINE, STEP_KEY, STEP_COARSE, STEP_LIMIT };
void edit_step(struct ui *u, enum stride stride, int direction);
void edit_reset(struct ui *u, bool to_default);

/* --- the presets overlay (presets.c) */
size_t presets_count(const struct ui *u); /* that match the filter */
const struct scenario_preset *presets_at(const struct ui *u, size_t i);

/* --- drawing */
void sliders_draw(struct ui *u, struct canvas *c, const struct layout *l);
void frame_draw_title(const struct ui *u, struct canvas *c, struct rect r);
void frame_draw_verdict(const struct ui *u, struct canvas *c, struct rect r);
void frame_draw_status(const struct ui *u, struct canvas *c, struct rect r);
void frame_draw_keys(const struct ui *u, struct canvas *c, struct rect r);
/* A box over the panes with its frame drawn; returns what is inside. */
struct rect overlay_open_box(struct canvas *c, int w, int h, const char *title);
void overlay_draw_help(struct ui *u, struct canvas *c);
void overlay_draw_presets(struct ui *u, struct canvas *c);


/* --- the caption under the panes (caption_draw.c) */
enum { CAPTION_TEXT = 2 * SCRIPT_TEXT };
const char *caption_expand(const struct ui *u, char *buf, size_t size); /* with its figures; "" if there is none. Returns buf */
int caption_rows(const struct ui *u, int w); /* that it needs, its rule included; 0 without one */
void caption_draw(const struct ui *u, struct canvas *c, struct rect r);

/* --- the next theme, the next set of glyphs that the locale can send (ui.c) */
void ui_turn_theme(struct ui *u);
void ui_turn_glyphs(struct ui *u);

/* --- pictures to take away (picture.c): the last frame, as moescope-DATE-TIME.txt, .ansi and .svg */
void ui_take_picture(struct ui *u);

/* --- the working of a figure (overlay_working.c) */
void overlay_open_working(struct ui *u, enum estimate_field_id figure, int slot);
void overlay_draw_working(struct ui *u, struct canvas *c);

/* --- the cursor over the figures of the panes (figure_cursor.c) */
/* A row down or up; beyond the ends to the pane below or above. */
void figure_cursor_step(struct ui *u, int step);
/* To the pane beside, on the row nearest in height. */
void figure_cursor_beside(struct ui *u);
/* To the moves that mend, if the focused pane offers any. */
void figure_cursor_find_mends(struct ui *u);
bool figure_cursor_on_mends(const struct ui *u);
/* The row that the cursor is on, or NULL. */
const struct shown_row *figure_cursor_row(const struct ui *u);

#endif
