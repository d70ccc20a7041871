#include "tui/curses_header.h"
#include "tui/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "core/scenario.h"
#include "tui/key.h"
#include "tui/restore.h"
#include "tui/theme.h"

enum {
    ESCAPE_MS = 25
}; /* how long a lone Esc waits for the rest of a sequence; the default, 1000, feels broken */

enum { SCREEN_WATCHED = 3 };

struct screen_look {
    attr_t attrs;
    short pair;
};

static struct {
    SCREEN *terminal;
    int colors;
    struct screen_look look[ROLE_COUNT];
    struct canvas shown; /* what is on the terminal; w = 0: unknown */
    sigset_t held_back;  /* signals that may only arrive while we wait */
    sigset_t waiting;    /* the mask for that */
    volatile sig_atomic_t continued;
    struct mouse mouse;      /* the last event */
    struct timespec clicked; /* when the last click came */
    int watched[SCREEN_WATCHED], n_watched, wait_ms; /* what ends the waiting beside keys */
} screen;

/* --- opening and closing
 * ------------------------------------------------------------------------------------- */

#define ELSEWHERE "; `moescope eval` prints estimates without a screen"

static bool screen_check_terminal(char *err) {
    int status = 0;
    const char *term = getenv("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        snprintf(err, ERROR_LEN, "standard %s is not a terminal, and the explorer needs one" ELSEWHERE,
                 isatty(STDIN_FILENO) ? "output" : "input");
        return false;
    }
    if (!term || !*term) {
        snprintf(err, ERROR_LEN, "TERM is not set; try TERM=xterm-256color" ELSEWHERE);
        return false;
    }
    if (setupterm(NULL, STDOUT_FILENO, &status) != OK) {
        snprintf(err, ERROR_LEN, "TERM=%.60s is not known on this machine; try TERM=xterm-256color" ELSEWHERE,
                 term);
        return false;
    }
    const char *cup = tigetstr("cup");
    if (!cup || cup == (char *)-1) {
        snprintf(err, ERROR_LEN, "TERM=%.60s cannot place the cursor; try TERM=xterm-256color" ELSEWHERE,
                 term);
        return false;
    }
    return true;
}

static const char *screen_capability(const char *name) {
    const char *text = tigetstr(name);
    return text == (char *)-1 ? NULL : text;
}

/* What a signal handler must send; asked for now, because then it is too late to ask. */
static void screen_prepare_restore(void) {
    if (screen_capability("kmous")) {
        restore_add("\033[?1000l");
        restore_add("\033[?1006l");
    }
    restore_add(screen_capability("sgr0"));
    restore_add(screen_capability("rmkx"));
    restore_add(screen_capability("cnorm"));
    if (screen_capability("rmcup"))
        restore_add(screen_capability("rmcup"));
    else
        restore_add("\r\n"); /* no second screen: at least a line of its own for the prompt */
}

static void screen_on_continue(int sig) {
    (void)sig;
    screen.continued = 1;
}

/* Curses handles SIGWINCH and SIGTSTP itself; all we do is let them in only while we wait, so that neither is
 * lost between looking for keys and waiting, nor drawn into half a frame. */
static void screen_hold_signals(void) {
    struct sigaction action = {.sa_handler = screen_on_continue};
    sigemptyset(&action.sa_mask);
    sigaction(SIGCONT, &action, NULL);
    sigemptyset(&screen.held_back);
    sigaddset(&screen.held_back, SIGWINCH);
    sigaddset(&screen.held_back, SIGTSTP);
    sigaddset(&screen.held_back, SIGCONT);
    sigprocmask(SIG_BLOCK, &screen.held_back, &screen.waiting);
    sigdelset(&screen.waiting, SIGWINCH);
    sigdelset(&screen.waiting, SIGTSTP);
    sigdelset(&screen.waiting, SIGCONT);
}

static attr_t screen_attrs(unsigned attrs) {
    attr_t a = A_NORMAL;
    if (attrs & STYLE_BOLD)
        a |= A_BOLD;
    if (attrs & STYLE_DIM)
        a |= A_DIM;
    if (attrs & STYLE_UNDERLINE)
        a |= A_UNDERLINE;
    if (attrs & STYLE_REVERSE)
        a |= A_REVERSE;
    return a;
}

/* Curses is not told of colours that are not wanted: then it sends none, not even the default ones. */
static void screen_init_colors(const char *color) {
    int available = screen_capability("setaf") ? tigetnum("colors") : 0;
    screen.colors = theme_colors(color, available);
    if (screen.colors >= 8 && (start_color() == ERR || use_default_colors() == ERR))
        screen.colors = 0;
}

static void screen_init_looks(enum theme_id theme) {
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct style style = theme_style(theme, (enum role)role, screen.colors);
        short pair = style.fg < 0 && style.bg < 0 ? 0 : (short)(role + 1);
        if (pair != 0)
            init_pair(pair, (short)style.fg, (short)style.bg);
        screen.look[role] = (struct screen_look){screen_attrs(style.attrs), pair};
    }
}

bool screen_open(const char *color, bool mouse, char *err) {
    static bool registered;
    unsetenv("LINES"); /* the size comes from the terminal, whatever a parent's shell has left there */
    unsetenv("COLUMNS");
    if (!screen_check_terminal(err))
        return false;
    if (!restore_arm(STDOUT_FILENO)) {
        snprintf(err, ERROR_LEN, "the terminal's modes cannot be read: %s", strerror(errno));
        return false;
    }
    screen_prepare_restore();
    screen.terminal = newterm(NULL, stdout, stdin);
    if (!screen.terminal) {
        restore_disarm();
        snprintf(err, ERROR_LEN, "the terminal cannot be opened" ELSEWHERE);
        return false;
    }
    if (!registered)
        registered =
            atexit(screen_close) == 0; /* whoever calls exit() below us leaves a whole terminal too */
    set_escdelay(ESCAPE_MS);
    cbreak(); /* not raw(): ^C and ^Z stay the terminal's */
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    screen_init_colors(color);
    screen_init_looks(THEME_DARK);
    if (mouse) {
        mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
        mouseinterval(0); /* a press counts at once: whether it is the second of two is seen from the clock */
    }
    screen_hold_signals();
    return true;
}

void screen_close(void) {
    if (!screen.terminal)
        return;
    SCREEN *terminal = screen.terminal;
    screen.terminal = NULL;
    endwin();
    delscreen(terminal);
    restore_disarm();
    sigprocmask(SIG_UNBLOCK, &screen.held_back, NULL);
    canvas_free(&screen.shown);
}

/* --- showing
 * ------------------------------------------------------------------------------------------------- */

void screen_size(int *w, int *h) {
    getmaxyx(stdscr, *h, *w);
}

static void screen_put(int x, int y, struct cell cell) {
    wchar_t text[2] = {(wchar_t)cell.glyph, L'\0'};
    const struct screen_look *look = &screen.look[cell.role];
    cchar_t c;
    if (wcwidth(text[0]) != 1)
        text[0] = L'?'; /* the locale knows better than our table, and the grid must hold */
    if (setcchar(&c, text, look->attrs, look->pair, NULL) == OK)
        mvadd_wchnstr(y, x, &c, 1);
}

void screen_show(const struct canvas *c) {
    struct canvas *shown = &screen.shown;
    bool all = shown->w != c->w || shown->h != c->h || shown->theme != c->theme;
    if (shown->theme != c->theme)
        screen_init_looks(c->theme);
    shown->theme = c->theme;
    if (all) {
        erase();
        if (!canvas_resize(shown, c->w, c->h))
            return; /* no memory: the terminal keeps the last frame */
    }
    for (int i = 0; i < c->w * c->h; i++) {
        if (!all && c->cell[i].glyph == shown->cell[i].glyph && c->cell[i].role == shown->cell[i].role)
            continue;
        screen_put(i % c->w, i / c->w, c->cell[i]);
        shown->cell[i] = c->cell[i];
    }
    move(c->cursor_y, c->cursor_x); /* readers and magnifiers follow the cursor: it rests on the focus */
    wnoutrefresh(stdscr);
    doupdate();
}

void screen_repaint(void) {
    screen.shown.w = screen.shown.h = 0;
    clearok(curscr, TRUE);
}

/* --- keys
 * ---------------------------------------------------------------------------------------------------- */

static const struct key_code {
    int curses, key;
} key_codes[] = {
    {KEY_UP, KEYCODE_UP},         {KEY_DOWN, KEYCODE_DOWN},       {KEY_LEFT, KEYCODE_LEFT},
    {KEY_RIGHT, KEYCODE_RIGHT},   {KEY_HOME, KEYCODE_HOME},       {KEY_END, KEYCODE_END},
    {KEY_PPAGE, KEYCODE_PAGE_UP}, {KEY_NPAGE, KEYCODE_PAGE_DOWN}, {KEY_DC, KEYCODE_DELETE},
    {KEY_BTAB, KEYCODE_BACKTAB},  {KEY_ENTER, KEYCODE_ENTER},     {KEY_BACKSPACE, KEYCODE_BACKSPACE},
    {KEY_F(1), KEYCODE_F1},
};

static int screen_key_from_code(wint_t code) {
    for (size_t i = 0; i < sizeof key_codes / sizeof *key_codes; i++)
        if (key_codes[i].curses == (int)code)
            return key_codes[i].key;
    return KEYCODE_NONE;
}

/* The key of a sequence that ends in this letter, as most terminals send it in one mode or the other. */
static int screen_key_from_final(wint_t final) {
    static const struct key_code finals[] = {
        {'A', KEYCODE_UP},   {'B', KEYCODE_DOWN}, {'C', KEYCODE_RIGHT},   {'D', KEYCODE_LEFT},
        {'H', KEYCODE_HOME}, {'F', KEYCODE_END},  {'Z', KEYCODE_BACKTAB}, {'P', KEYCODE_F1},
    };
    for (size_t i = 0; i < sizeof finals / sizeof *finals; i++)
        if (finals[i].curses == (int) final)
            return finals[i].key;
    return KEYCODE_NONE;
}

/* A sequence that terminfo does not know arrives as Esc and letters, which would act as keys of their own.
 * What follows Esc without a pause and begins like a sequence is read to its end: a plain one is a key, any
 * other is dropped. */
static int screen_key_from_escape(void) {
    wint_t next;
    int got = get_wch(&next);
    if (got == ERR)
        return KEYCODE_ESC;
    if (got == KEY_CODE_YES || (next != '[' && next != 'O')) {
        if (got == KEY_CODE_YES)
            ungetch((int)next);
        else
            unget_wch((wchar_t)next);
        return KEYCODE_ESC;
    }
    int length = 0;
    while ((got = get_wch(&next)) == OK && (next < '@' || next > '~'))
        length++;
    return got == OK && length == 0 ? screen_key_from_final(next) : KEYCODE_NONE;
}

/* A second click on the same cell within DOUBLE_MS is a double click; the one after that begins anew. */
static enum mouse_kind screen_click(int x, int y) {
    enum { DOUBLE_MS = 400 };
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double ms = (double)(now.tv_sec - screen.clicked.tv_sec) * 1e3 + (double)(now.tv_nsec - screen.clicked.tv_nsec) / 1e6;
    bool again = screen.mouse.kind == MOUSE_CLICK && screen.mouse.x == x && screen.mouse.y == y && ms <= DOUBLE_MS;
    screen.clicked = now;
    return again ? MOUSE_DOUBLE : MOUSE_CLICK;
}

/* False for what nobody asked for: other buttons, releases. */
static bool screen_take_mouse(void) {
    MEVENT event;
    if (getmouse(&event) != OK)
        return false;
    enum mouse_kind kind = MOUSE_CLICK;
    if (event.bstate & BUTTON4_PRESSED)
        kind = MOUSE_UP;
    else if (event.bstate & BUTTON5_PRESSED)
        kind = MOUSE_DOWN;
    else if (event.bstate & BUTTON1_PRESSED)
        kind = screen_click(event.x, event.y);
    else
        return false;
    screen.mouse = (struct mouse){event.x, event.y, kind};
    return true;
}

struct mouse screen_mouse(void) {
    return screen.mouse;
}

static int screen_key_from_char(wint_t c) {
    switch (c) {
    case '\n':
    case '\r':
        return KEYCODE_ENTER;
    case '\b':
        return KEYCODE_BACKSPACE;
    case KEYCODE_ESC:
        return screen_key_from_escape();
    default:
        return (int)c;
    }
}

void screen_watch(const int *fds, int n, int wait_ms) {
    screen.n_watched = n < SCREEN_WATCHED ? n : SCREEN_WATCHED;
    memcpy(screen.watched, fds, (size_t)screen.n_watched * sizeof *fds);
    screen.wait_ms = wait_ms;
}

/* Sleeps until there is input, a watched descriptor, the time, or a signal that was held back. SCREEN_NONE: look for keys. */
static enum screen_event screen_wait(void) {
    struct pollfd wait[1 + SCREEN_WATCHED] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    struct timespec time = {screen.wait_ms / 1000, screen.wait_ms % 1000 * 1000000L};
    for (int i = 0; i < screen.n_watched; i++)
        wait[1 + i] = (struct pollfd){.fd = screen.watched[i], .events = POLLIN};
    int got = ppoll(wait, (nfds_t)(1 + screen.n_watched), screen.wait_ms < 0 ? NULL : &time, &screen.waiting);
    if (got < 0)
        return errno == EINTR ? SCREEN_NONE : SCREEN_GONE;
    if (wait[0].revents & (POLLHUP | POLLERR | POLLNVAL))
        return SCREEN_GONE;
    return wait[0].revents ? SCREEN_NONE : SCREEN_WAKE;
}

/* After a stop the shell has written on the terminal and changed its modes. */
static bool screen_was_continued(void) {
    if (!screen.continued)
        return false;
    screen.continued = 0;
    reset_prog_mode();
    screen_repaint();
    return true;
}

/* Asked of the terminal itself: while we are stopped, or not reading, the signal goes elsewhere or unnoticed
 * by curses. */
static bool screen_was_resized(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return false;
    return is_term_resized(size.ws_row, size.ws_col) && resizeterm(size.ws_row, size.ws_col) == OK;
}

enum screen_event screen_read(int *key, bool wait) {
    for (;;) {
        wint_t code;
        int got = get_wch(&code);
        if (got == KEY_CODE_YES && code == KEY_RESIZE)
            return SCREEN_RESIZE;
        if (got == KEY_CODE_YES && code == KEY_MOUSE) {
            if (screen_take_mouse())
                return SCREEN_MOUSE;
            continue;
        }
        if (got != ERR) {
            *key = got == KEY_CODE_YES ? screen_key_from_code(code) : screen_key_from_char(code);
            if (*key != KEYCODE_NONE)
                return SCREEN_KEY;
            continue;
        }
        bool continued = screen_was_continued();
        if (screen_was_resized() || continued)
            return SCREEN_RESIZE;
        if (!wait)
            return SCREEN_NONE;
        enum screen_event woken = screen_wait();
        if (woken != SCREEN_NONE)
            return woken;
    }
}
