#include "catalog/store.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *store_resize(void *old, size_t count, size_t size) {
    void *grown = count <= SIZE_MAX / size ? realloc(old, count * size) : NULL;
    if (!grown) {
        fputs("moescope: out of memory\n", stderr);
        abort();
    }
    return grown;
}

const char *store_keep(struct catalog *c, const char *text) {
    const size_t size = strlen(text) + 1;

    if (c->n_texts == c->texts_room) {
        c->texts_room = c->texts_room ? 2 * c->texts_room : 64;
        c->texts = store_resize(c->texts, c->texts_room, sizeof *c->texts);
    }
    c->texts[c->n_texts] = store_resize(NULL, size, 1);
    memcpy(c->texts[c->n_texts], text, size);
    return c->texts[c->n_texts++];
}

static char *row_at(const struct store_list *list, size_t i) {
    return (char *)list->rows + i * list->row_size;
}

const void *store_at(const struct store_list *list, size_t i) {
    return row_at(list, i);
}

size_t store_find(const struct store_list *list, const char *id) {
    size_t i = 0;
    while (i < list->count && strcmp(row_at(list, i), id) != 0)
        i++;
    return i;
}

void store_reserve(struct store_list *list, size_t rows) {
    if (rows <= list->room)
        return;
    list->room = rows;
    list->rows = store_resize(list->rows, list->room, list->row_size);
    list->layer = store_resize(list->layer, list->room, sizeof *list->layer);
}

bool store_put(struct store_list *list, const void *row, unsigned layer) {
    const size_t i = store_find(list, row);

    if (i < list->count && list->layer[i] == layer)
        return false;
    if (i == list->room)
        store_reserve(list, list->room ? 2 * list->room : 16);
    memcpy(row_at(list, i), row, list->row_size);
    list->layer[i] = layer;
    list->count += i == list->count;
    return true;
}
