/* Every action of the table is reached by every key that it has, in every mode that it is for, and tells what it did. */
#include "ui_bench.h"

/* Keys that bring the explorer into a mode, to a state in which all of its actions have something to do. */
static const struct {
    enum mode mode;
    const char *keys; /* words of a script */
} ways[] = {
    {MODE_COLUMN, "right u right"},
    {MODE_PANES, "right tab down"},
    {MODE_WIDE, "right > tab down down"},
    {MODE_ENTRY, "5"},
    {MODE_PRESETS, "p down"},
    {MODE_HELP, "? pgdn down"},
    {MODE_WORKING, "tab enter pgdn"},
    {MODE_PRESENT, "right P right"},
    {MODE_QUIT, "right q"},
    {MODE_COMMAND, ": i s l space 9 enter : b a left"},
    {MODE_FIND, "/ p down"},
    {MODE_HELP_FIND, "? / l"},
};

enum { WAYS = sizeof ways / sizeof *ways, W = 100, H = 30 };

static void play(struct bench *b, const char *keys) {
    char word[16];
    int used;
    for (; sscanf(keys, "%15s%n", word, &used) == 1; keys += used) {
        draw(b, W, H);
        ui_key(b->ui, key_from_name(word));
    }
}

/* A new explorer in that mode. */
static void enter_mode(void **state, struct bench **b, enum mode mode) {
    size_t i = 0;
    tear_down(state);
    set_up(state);
    *b = *state;
    while (ways[i].mode != mode)
        i++;
    play(*b, ways[i].keys);
    assert_int_equal((*b)->ui->mode, mode);
}

/* The screen with its cursor, to be freed. */
static char *picture(struct bench *b) {
    char *text = NULL, place[32];
    size_t n = 0;
    draw(b, W, H);
    FILE *out = open_memstream(&text, &n);
    canvas_write_text(&b->canvas, out, true);
    snprintf(place, sizeof place, "%d,%d", b->canvas.cursor_x, b->canvas.cursor_y);
    fputs(place, out);
    fclose(out);
    return text;
}

static void check(struct bench *b, const struct action *a, enum mode mode, int key) {
    char name[KEY_NAME_LEN];
    if (key == KEYCODE_PRINTABLE)
        key = 'x';
    if (action_find(NULL, mode, key) != a)
        fail_msg("%s: key '%s' does something else in mode %d", a->id, key_to_name(key, name), (int)mode);
    char *before = picture(b);
    enum ui_result result = ui_key(b->ui, key);
    char *after = picture(b);
    bool told = result == UI_QUIT || strcmp(before, after) != 0 || b->ui->message[0];
    if (!told && strcmp(a->id, "redraw") != 0) /* the terminal's loop does that */
        fail_msg("%s: key '%s' does nothing in mode %d, and does not say why", a->id, key_to_name(key, name), (int)mode);
    free(before);
    free(after);
}

static void every_key_acts(void **state) {
    const struct action *a;
    struct bench *b;
    size_t reached = 0;
    for (size_t i = 0; (a = action_at(i)) != NULL; i++)
        for (int mode = 0; mode < MODE_COUNT; mode++)
            for (int k = 0; (a->modes & 1u << mode) && k < ACTION_KEYS && a->key[k]; k++) {
                enter_mode(state, &b, (enum mode)mode);
                check(b, a, (enum mode)mode, a->key[k]);
                reached++;
            }
    print_message("%zu keys of actions in their modes\n", reached);
    assert_true(reached > 150);
}

/* What the command line may run by its name it runs, from the sliders, without a crash, and says or shows it. */
static void every_name_runs(void **state) {
    const struct action *a;
    struct bench *b;
    for (size_t i = 0; (a = action_at(i)) != NULL; i++) {
        char line[64];
        if (!(a->modes & (1u << MODE_COLUMN | 1u << MODE_PANES | 1u << MODE_WIDE)) || strcmp(a->id, "redraw") == 0)
            continue;
        enter_mode(state, &b, MODE_COLUMN);
        char *before = picture(b);
        snprintf(line, sizeof line, ":%s", a->id);
        for (const char *p = line; *p; p++)
            ui_key(b->ui, *p);
        enum ui_result result = ui_key(b->ui, KEYCODE_ENTER);
        char *after = picture(b);
        if (result != UI_QUIT && strcmp(before, after) == 0)
            fail_msg(":%s does nothing", a->id);
        free(before);
        free(after);
    }
}

/* Ids are names: each once, in words of the command line. Those with a key of their own have help. */
static void the_table_is_sound(void **state) {
    const struct action *a, *other;
    struct action_help help;
    size_t lines = 0, ids = 0, rows = 0;
    (void)state;
    for (size_t i = 0; (a = action_at(i)) != NULL; i++, rows++) {
        assert_int_equal(strspn(a->id, "abcdefghijklmnopqrstuvwxyz-"), strlen(a->id));
        assert_true(a->key[0] != 0 && a->modes != 0 && (!a->keys || (a->help && a->group)));
        assert_null(scenario_find_field(a->id));
        for (size_t k = i + 1; (other = action_at(k)) != NULL; k++)
            assert_string_not_equal(a->id, other->id);
    }
    for (; tui_action_help(lines, &help); lines++) {
        ids++;
        for (const char *p = help.ids; (p = strchr(p, ',')) != NULL; p++)
            ids++;
    }
    assert_int_equal(ids, rows);
}

/* A bound key does the action, the action's own keys do not, and the key bar and the help show it. */
static void keys_can_be_bound(void **state) {
    struct bench *b = *state;
    struct tui_keys keys = {0};
    char err[ERROR_LEN];
    assert_true(tui_keys_bind(&keys, "zoom", "Z", err));
    assert_true(tui_keys_bind(&keys, "zoom", "f1", err));
    assert_true(tui_keys_bind(&keys, "help", "h", err)); /* it was the slider's */
    ui_set_keys(b->ui, &keys);
    press(b, 'z');
    assert_false(b->ui->zoom);
    press(b, 'Z');
    assert_true(b->ui->zoom);
    press(b, KEYCODE_F1);
    assert_false(b->ui->zoom);
    press(b, 'h');
    assert_int_equal(b->ui->mode, MODE_HELP);
    type(b, "/large");
    draw(b, 100, 30);
    assert_true(shows(&b->canvas, "Z f1         show one pane large"));
    press(b, KEYCODE_ESC);
    press(b, KEYCODE_ESC);
    draw(b, 200, 60);
    assert_true(shows(&b->canvas, "Z f1 zoom") && shows(&b->canvas, "h help"));

    assert_false(tui_keys_bind(&keys, "zom", "y", err));
    assert_non_null(strstr(err, "'zom' (did you mean 'zoom'?)"));
    assert_false(tui_keys_bind(&keys, "zoom", "f99", err));
    assert_non_null(strstr(err, "pgup"));
    assert_false(tui_keys_bind(&keys, "quit", "Z", err));
    assert_non_null(strstr(err, "bound to 'zoom' already"));
    ui_set_keys(b->ui, NULL);
}

static int enter_folder(void **state) {
    static char folder[256];
    const char *srcdir = getenv("srcdir"), *tmp = getenv("TMPDIR");
    char path[1024];
    (void)state;
    if (!realpath(srcdir ? srcdir : ".", path))
        return -1;
    setenv("srcdir", path, 1);
    snprintf(folder, sizeof folder, "%.200s/moescope-actions.XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1; /* exports go here */
}

static int leave_folder(void **state) {
    char command[300], folder[256];
    (void)state;
    if (!getcwd(folder, sizeof folder) || !strstr(folder, "moescope-actions"))
        return -1;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_key_acts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_name_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_table_is_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_can_be_bound, set_up, tear_down),
    };
    assert_int_equal(WAYS, MODE_COUNT);
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
