/* The explorer in lines of text at a terminal, or at the end of a pipe of keys. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tui/key.h"
#include "tui/plain.h"
#include "tui/restore.h"
#include "tui/stage.h"
#include "tui/utf8.h"

enum { ESCAPE_MS = 25 };

struct input {
    int held; /* a byte that was read too far, or -1 */
};

/* The next byte, -1 at the end; with wait_ms >= 0 -1 too when none comes in that time. */
static int read_byte(struct input *in, int wait_ms) {
    unsigned char byte;
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    ssize_t got;
    if (in->held >= 0) {
        int held = in->held;
        in->held = -1;
        return held;
    }
    if (wait_ms >= 0 && poll(&ready, 1, wait_ms) <= 0)
        return -1;
    do
        got = read(STDIN_FILENO, &byte, 1);
    while (got < 0 && errno == EINTR);
    return got == 1 ? byte : -1;
}

/* "[A", "OA", "[5~" after Esc; what is not known is no key. */
static int read_sequence(struct input *in) {
    static const struct {
        const char *text;
        int key;
    } sequences[] = {
        {"A", KEYCODE_UP},         {"B", KEYCODE_DOWN}, {"C", KEYCODE_RIGHT},   {"D", KEYCODE_LEFT},
        {"H", KEYCODE_HOME},       {"F", KEYCODE_END},  {"Z", KEYCODE_BACKTAB}, {"P", KEYCODE_F1},
        {"1~", KEYCODE_HOME},      {"4~", KEYCODE_END}, {"3~", KEYCODE_DELETE}, {"5~", KEYCODE_PAGE_UP},
        {"6~", KEYCODE_PAGE_DOWN},
    };
    char text[8] = "";
    size_t n = 0;
    for (int byte; n + 1 < sizeof text && (byte = read_byte(in, ESCAPE_MS)) >= 0;) {
        text[n++] = (char)byte;
        if (byte >= '@' && byte <= '~')
            break;
    }
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (strcmp(sequences[i].text, text) == 0)
            return sequences[i].key;
    return KEYCODE_NONE;
}

/* The key that begins with this byte. */
static int read_key(struct input *in, int byte) {
    char text[UTF8_LEN] = {(char)byte};
    const char *at = text;
    if (byte == '\n' || byte == '\r')
        return KEYCODE_ENTER;
    if (byte == '\b')
        return KEYCODE_BACKSPACE;
    if (byte == KEYCODE_ESC) {
        int next = read_byte(in, ESCAPE_MS);
        if (next == '[' || next == 'O')
            return read_sequence(in);
        in->held = next;
        return KEYCODE_ESC;
    }
    int more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
    for (int i = 1; i <= more && (byte = read_byte(in, -1)) >= 0; i++)
        text[i] = (char)byte;
    return (int)utf8_next(&at);
}

/* Keys come one by one and unechoed; ^C and ^Z stay the terminal's. */
static void take_keys(void) {
    struct termios modes;
    if (!restore_arm(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &modes) != 0)
        return; /* a pipe */
    modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
}

/* Tells what is new; false when nobody takes it, with the reason in errno. */
static bool plain_write(struct plain *plain, struct ui *u) {
    plain_tell(plain, u, stdout);
    return fflush(stdout) == 0;
}

static bool plain_loop(struct stage *st, char *err) {
    struct input in = {.held = -1};
    struct plain plain = {.page = 0};
    bool written = plain_write(&plain, st->ui);
    for (int byte; written && (byte = read_byte(&in, -1)) >= 0;) {
        int key = read_key(&in, byte);
        if (key != KEYCODE_NONE && stage_key(st, key) == UI_QUIT)
            break;
        written = plain_write(&plain, st->ui);
    }
    int why = errno;
    plain_close(&plain);
    bool kept = stage_finish(st, err);
    errno = why;
    return written && kept;
}

bool tui_plain(struct catalog *c, struct session *s, const struct tui_options *o, char *err) {
    struct stage st;
    err[0] = '\0';
    int why = 0;
    bool ok = stage_open(&st, c, s, o, err);
    if (ok) {
        ui_be_patient(st.ui); /* a line that came later would not be of the key before it */
        take_keys();
        ok = plain_loop(&st, err);
        why = errno;
        restore_disarm();
    }
    stage_close(&st);
    errno = why;
    return ok;
}
