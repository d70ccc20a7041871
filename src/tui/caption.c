#include "tui/caption.h"

#include <stdio.h>
#include <string.h>

static const struct estimate_field *find_figure(const char *id) {
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++)
        if (strcmp(estimate_fields[i].id, id) == 0)
            return &estimate_fields[i];
    return NULL;
}

bool caption_read_name(const char *text, size_t length, struct caption_name *out) {
    char name[CAPTION_FIELD];
    if (length >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    const char *id = name;
    *out = (struct caption_name){.slot = -1};
    size_t last = strlen(name) - (length > 0);
    out->percent = name[last] == '%';
    if (out->percent)
        name[last] = '\0';
    if ((name[0] == 'A' || name[0] == 'B') && name[1] == '.') {
        out->slot = name[0] - 'A';
        id = name + 2;
    }
    out->verdict = strcmp(name, "verdict") == 0;
    out->field = scenario_find_field(id);
    out->figure = find_figure(id);
    return out->verdict || (out->field && !out->percent) || out->figure;
}

bool caption_check(const char *text, char *field) {
    struct caption_name name;
    while ((text = strchr(text, '{')) != NULL) {
        size_t length = strcspn(++text, "}");
        if (text[length] == '}' && caption_read_name(text, length, &name))
            continue;
        snprintf(field, CAPTION_FIELD, "%.*s", (int)(length < CAPTION_FIELD ? length : CAPTION_FIELD - 1),
                 text);
        return false;
    }
    return true;
}
