/* The script player: words, comments, screens, messages with their line. The explorer and the journal are
 * stand-ins. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tui/plain.h"
#include "tui/tui_run.h"
#include "tui/ui.h"

/* Shows what was typed; q leaves. */
struct ui {
    char typed[64];
    char message[ERROR_LEN];
};

static bool disk_full;
static struct look look;

struct ui *ui_new(struct catalog *c, struct session *s) {
    (void)c;
    (void)s;
    return calloc(1, sizeof(struct ui));
}

void ui_free(struct ui *u) {
    free(u);
}

enum ui_result ui_key(struct ui *u, int key) {
    char name[KEY_NAME_LEN];
    u->message[0] = '\0';
    strncat(u->typed, key_to_name(key, name), sizeof u->typed - strlen(u->typed) - 1);
    return key == 'q' ? UI_QUIT : UI_REDRAW;
}

void ui_set_keys(struct ui *u, const struct tui_keys *keys) {
    (void)u;
    (void)keys;
}

enum ui_result ui_mouse(struct ui *u, const struct mouse *m) {
    static const char *const kinds[] = {"click", "double", "up", "down"};
    char text[32];
    snprintf(text, sizeof text, "%s%d,%d", kinds[m->kind], m->x, m->y);
    strncat(u->typed, text, sizeof u->typed - strlen(u->typed) - 1);
    return UI_REDRAW;
}

void ui_be_patient(struct ui *u) {
    (void)u;
}

void ui_set_look(struct ui *u, const struct look *l) {
    (void)u;
    look = *l;
}

void ui_caption(struct ui *u, const char *text, const char *hint) {
    (void)hint;
    snprintf(u->message, sizeof u->message, "%s", text);
}

void ui_hint(struct ui *u, const char *hint) {
    (void)u;
    (void)hint;
}

void plain_tell(struct plain *p, struct ui *u, FILE *out) {
    (void)p;
    fprintf(out, "<%s>", u->typed);
}

void plain_close(struct plain *p) {
    (void)p;
}

bool ui_goes_by_screen(const struct ui *u) {
    (void)u;
    return false;
}

void ui_set_measure(struct ui *u, const struct validation_options *o) {
    (void)u;
    (void)o;
}

/* Shows how much was fed. */
bool ui_feed(struct ui *u, const char *records, size_t n, bool end) {
    (void)records;
    snprintf(u->message, sizeof u->message, "fed %zu%s", n, end ? " end" : "");
    return true;
}

void ui_draw(struct ui *u, struct canvas *c) {
    c->glyphs = look.glyphs;
    canvas_text(c, 0, 0, c->w, u->typed, ROLE_VALUE);
    canvas_text(c, 0, 1, c->w, u->message, ROLE_ERROR);
}

void ui_message(struct ui *u, const char *text, bool error) {
    (void)error;
    snprintf(u->message, sizeof u->message, "%s", text);
}

bool session_journal_flush(struct session *s, struct catalog *c, struct load_cache *cache, char *err) {
    (void)s;
    (void)c;
    (void)cache;
    snprintf(err, ERROR_LEN, "disk full");
    return !disk_full;
}

static char err[ERROR_LEN];

/* Plays on a screen of 12x2. The screens, to be freed; *ok tells whether all went well. */
static char *play(const char *script, const char *format, const char *glyphs, bool *ok) {
    const struct tui_options options = {.glyphs = glyphs, .color = "auto"};
    char *text = NULL;
    size_t n = 0;
    FILE *in = *script ? fmemopen((void *)(uintptr_t)script, strlen(script), "r") : fopen("/dev/null", "r");
    FILE *out = open_memstream(&text, &n);
    assert_non_null(in);
    assert_non_null(out);
    err[0] = '\0';
    *ok = tui_play(NULL, NULL, &options, 12, 2, in, "keys", format, out, err);
    fclose(in);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_plays(const char *script, const char *format, const char *expected) {
    bool ok;
    char *text = play(script, format, "auto", &ok);
    assert_string_equal(err, "");
    assert_true(ok);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_refuses(const char *script, const char *place, const char *allowed) {
    bool ok;
    free(play(script, "text", "auto", &ok));
    assert_false(ok);
    if (strncmp(err, place, strlen(place)) != 0 || !strstr(err, allowed))
        fail_msg("\"%s\" gives \"%s\"", script, err);
}

static void words(void **state) {
    (void)state;
    assert_plays("", "text", "\n\n");
    assert_plays("a left\tb\r\n# nothing # here x\n  space", "text", "aleftbspace\n\n");
    assert_plays("type:12.5k é #", "text", "12.5ké\n\n");
    assert_plays("type:#1 ?", "text", "#1?\n\n");
}

static void screens(void **state) {
    (void)state;
    assert_plays("a show", "text", "a\n\n"); /* nothing came after it: not shown twice */
    assert_plays("a show b", "text", "a\n\n--\nab\n\n");
    assert_plays("show show", "text", "\n\n--\n\n\n");
    assert_plays("size:3x1 type:abcdef", "text", "ab…\n");
    assert_plays("a", "roles", "a\n\nv\n\n");
    assert_plays("a", "ansi", "\033[0;1ma\033[0m\n\n");
    assert_plays("a show b show", "plain", "<><a><ab>"); /* after each key, not at the end */
    bool ok;
    char *text = play("size:3x1 type:abcdef", "text", "ascii", &ok);
    assert_string_equal(text, "ab~\n");
    free(text);
}

static void the_mouse(void **state) {
    (void)state;
    assert_plays("size:40x1 click:3,4 double:0,12", "text", "click3,4double0,12\n");
    assert_plays("size:40x1 wheel:3,4,up wheel:9,1,down", "text", "up3,4down9,1\n");
}

static void captions_and_pauses(void **state) {
    (void)state;
    assert_plays("a caption:\"to say\" pause:2.5 show caption two\n words end", "text", "a\nto say\n--\na\ntwo words\n");
    assert_plays("caption:\"x # y\" caption:\"\"", "text", "\n\n");
    assert_plays("caption {A.batch} {tpot_ms} end caption:\"\"", "text", "\n\n"); /* names of both tables */
    assert_refuses("caption:\"{A.bach}\"", "keys:1: a caption's field 'A.bach'", "help --fields");
    assert_refuses("caption:\"{batch\"", "keys:1: ", "help --fields");
    assert_refuses("\ncaption:\"no end", "keys:2: a caption without its end", "WORDS");
    assert_refuses("a\ncaption no last\nhere", "keys:2: a caption without its end", "caption WORDS end");
    assert_refuses("pause:soon", "keys:1: pause", "pause:600");
    assert_refuses("pause:-1", "keys:1: pause", "pause:600");
    assert_refuses("pause:nan", "keys:1: pause", "pause:600");
}

static void leaving(void **state) {
    (void)state;
    assert_plays("a q", "text", "aq\n\n");
    assert_plays("a q show", "text", "aq\n\n");
    assert_refuses("a q\nb", "keys:2: ", "'b'");
}

static void bad_words_name_their_line(void **state) {
    (void)state;
    assert_refuses("a\n\nb foo", "keys:3: unknown word 'foo'", "pgup");
    assert_refuses("foo", "keys:1: ", "wheel:X,Y,down, size:WxH, records:FILE, records-end, show, caption:\"WORDS\", pause:SECONDS)");
    assert_refuses("\xff", "keys:1: ", "a single character");
    assert_refuses("type:", "keys:1: ", "TEXT");
    assert_refuses("click:3", "keys:1: mouse 'click:3'", "double:X,Y");
    assert_refuses("click:3,4,5", "keys:1: mouse", "click:X,Y");
    assert_refuses("wheel:3,4", "keys:1: mouse", "wheel:X,Y,up");
    assert_refuses("wheel:3,4,left", "keys:1: mouse", "wheel:X,Y,up");
    assert_refuses("q click:1,1", "keys:1: a click after", "show");
    assert_refuses("size:80", "keys:1: ", "1000x1000");
    assert_refuses("size:80x24x", "keys:1: ", "1000x1000");
    assert_refuses("size:0x24", "keys:1: ", "1000x1000");
    assert_refuses("size:1001x24", "keys:1: ", "1000x1000");
    assert_refuses("records:none.rec", "keys:1: no such file: 'records:none.rec'", "beside the script");
    char longest[400];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_refuses(longest, "keys:1: too long", "255");
}

static void bad_options(void **state) {
    (void)state;
    bool ok;
    free(play("", "png", "auto", &ok));
    assert_false(ok);
    assert_non_null(strstr(err, "text, roles, ansi, svg, plain"));
    free(play("", "text", "dots", &ok));
    assert_false(ok);
    assert_non_null(strstr(err, "auto, ascii, block, braille, utf8"));
}

static void a_full_disk_is_told(void **state) {
    (void)state;
    bool ok;
    disk_full = true;
    char *text = play("a", "text", "auto", &ok);
    disk_full = false;
    assert_false(ok);
    assert_string_equal(err, "disk full");
    assert_string_equal(text, "a\ndisk full\n"); /* on the screen too, which goes on */
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),       cmocka_unit_test(screens),     cmocka_unit_test(the_mouse),
        cmocka_unit_test(leaving),     cmocka_unit_test(captions_and_pauses), cmocka_unit_test(bad_words_name_their_line),
        cmocka_unit_test(bad_options), cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
