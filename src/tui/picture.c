/* The screen as files to take away: text, ANSI, SVG. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui/ui_state.h"

enum { PICTURE_NAME = 64, PICTURES_IN_A_SECOND = 9 };

static void write_text(const struct canvas *c, FILE *out) {
    canvas_write_text(c, out, false);
}

static const struct {
    const char *suffix;
    void (*write)(const struct canvas *c, FILE *out);
} kinds[] = {{"txt", write_text}, {"ansi", canvas_write_ansi}, {"svg", canvas_write_svg}};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* Takes a file that is new or says why not. One that cannot be finished is not left behind. */
static bool write_one(const struct canvas *c, const char *name, size_t kind) {
    char path[PICTURE_NAME + 8];
    snprintf(path, sizeof path, "%s.%s", name, kinds[kind].suffix);
    FILE *out = fopen(path, "wx");
    if (!out)
        return false;
    kinds[kind].write(c, out);
    bool ok = fflush(out) == 0 && !ferror(out);
    int why = errno;
    ok = fclose(out) == 0 && ok;
    if (!ok)
        remove(path);
    errno = why;
    return ok;
}

static bool is_taken(const char *name) {
    char path[PICTURE_NAME + 8];
    bool taken = false;
    for (size_t i = 0; i < KINDS; i++) {
        snprintf(path, sizeof path, "%s.%s", name, kinds[i].suffix);
        FILE *there = fopen(path, "r");
        taken |= there != NULL;
        if (there)
            fclose(there);
    }
    return taken;
}

static void find_name(char *name) {
    char stamp[32];
    time_t now = time(NULL);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime(&now));
    snprintf(name, PICTURE_NAME, "moescope-%s", stamp);
    for (int i = 2; i <= PICTURES_IN_A_SECOND && is_taken(name); i++)
        snprintf(name, PICTURE_NAME, "moescope-%s-%d", stamp, i);
}

void ui_take_picture(struct ui *u) {
    char name[PICTURE_NAME];
    struct canvas c = {0};
    if (!canvas_resize(&c, u->drawn_w, u->drawn_h)) {
        ui_say(u, true, "out of memory for a picture");
        return;
    }
    ui_draw(u, &c);
    find_name(name);
    size_t done = 0;
    while (done < KINDS && write_one(&c, name, done))
        done++;
    if (done == KINDS)
        ui_say(u, false, "picture written to %s.txt, .ansi and .svg", name);
    else
        ui_say(u, true, "%s.%s: cannot be written: %s", name, kinds[done].suffix, strerror(errno));
    canvas_free(&c);
}
