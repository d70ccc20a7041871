/* The first article's rules of thumb, judged for A and B: the figures, the verdict, where it turns. */
#include <math.h>

#include "explore/words.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

/* Row i: a group's heading (rule -1) or a rule. Returns the number of rows where i is past them. */
static int find_row(int i, int *group, int *rule) {
    int n = 0;
    for (int k = 0; k < RULE_COUNT; k++) {
        bool first = k == 0 || rules[k - 1].group != rules[k].group;
        for (int heading = first; heading >= 0; heading--)
            if (n++ == i) {
                *group = (int)rules[k].group;
                *rule = heading ? -1 : k;
            }
    }
    return n;
}

static int rules_count(const struct ui *u) {
    int group, rule;
    (void)u;
    return find_row(-1, &group, &rule);
}

static void rules_prepare(struct ui *u) {
    rules_make(&u->explorer, session_scenario(u->session, SLOT_A), session_scenario(u->session, SLOT_B),
               RULES_QUICK, &u->rules);
}

/* --- columns: name, what the article says where there is room, A, B, unit, verdict, turns --- */

enum { NAME_W = 16, SAYS_W = 50, VALUE_W = 8, UNIT_W = 7, VERDICT_W = 9, SAYS_FROM = 130, UNIT_FROM = 56 };

struct places {
    int says, value[SLOT_COUNT], unit, unit_w, verdict, turns, turns_w;
};

static struct places places(struct rect r) {
    struct places p = {.says = r.x + NAME_W, .unit_w = r.w >= UNIT_FROM ? UNIT_W : 1};
    p.value[SLOT_A] = p.says + (r.w >= SAYS_FROM ? SAYS_W : 0);
    p.value[SLOT_B] = p.value[SLOT_A] + VALUE_W;
    p.unit = p.value[SLOT_B] + VALUE_W;
    p.verdict = p.unit + p.unit_w;
    p.turns = p.verdict + VERDICT_W;
    p.turns_w = r.x + r.w - p.turns;
    return p;
}

static void rules_head(const struct ui *u, struct canvas *c, struct rect r) {
    struct places p = places(r);
    (void)u;
    if (r.w >= SAYS_FROM)
        canvas_text(c, p.says, r.y, SAYS_W, "the article says", ROLE_HEADING);
    for (int i = 0; i < SLOT_COUNT; i++)
        canvas_text_right(c, p.value[i], r.y, VALUE_W, slot_names[i], view_slot_role(i));
    canvas_text(c, p.verdict, r.y, VERDICT_W, "here", ROLE_HEADING);
    canvas_text(c, p.turns, r.y, p.turns_w, "turns at", ROLE_HEADING);
}

static void draw_verdict(const struct rule_result *r, struct canvas *c, int x, int y) {
    static const enum role roles[] = {
        [RULE_SILENT] = ROLE_DIM, [RULE_TRUE] = ROLE_BETTER, [RULE_FALSE] = ROLE_WARN};
    const char *mark = r->verdict == RULE_SILENT ? "–" : r->certain ? "●" : "○";
    canvas_text(c, x, y, 1, mark, roles[r->verdict]);
    canvas_text(c, x + 2, y, VERDICT_W - 3, rule_verdict_names[r->verdict], roles[r->verdict]);
}

static void draw_value(double value, struct canvas *c, int x, int y, int w) {
    char text[WORDS_NUMBER];
    canvas_text_right(c, x, y, w, isnan(value) ? "–" : words_number(value, text), isnan(value) ? ROLE_DIM : ROLE_VALUE);
}

static void draw_rule(const struct ui *u, int k, struct canvas *c, struct rect r, bool selected) {
    const struct rule_result *result = &u->rules.rule[k];
    struct places p = places(r);
    char turns[128];
    canvas_text(c, r.x + 1, r.y, NAME_W - 2, rules[k].id, selected ? ROLE_SELECTED : ROLE_LABEL);
    if (r.w >= SAYS_FROM)
        canvas_text(c, p.says, r.y, SAYS_W - 1, rules[k].says, ROLE_TEXT);
    for (int i = 0; i < SLOT_COUNT; i++)
        draw_value(result->value[i], c, p.value[i], r.y, VALUE_W);
    if (r.w >= UNIT_FROM)
        canvas_text(c, p.unit + 1, r.y, p.unit_w - 1, rules[k].unit, ROLE_UNIT);
    draw_verdict(result, c, p.verdict, r.y);
    rule_flips_print(result, turns, sizeof turns);
    canvas_text(c, p.turns, r.y, p.turns_w, turns[0] == '-' ? "" : turns, ROLE_TEXT);
}

static void rules_row(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    int group = 0, rule = 0;
    find_row(i, &group, &rule);
    canvas_text(c, r.x, r.y, 1, selected ? "▸" : " ", ROLE_FRAME_FOCUS);
    if (rule < 0)
        canvas_text(c, r.x + 1, r.y, r.w - 1, rule_group_names[group], selected ? ROLE_SELECTED : ROLE_HEADING);
    else
        draw_rule(u, rule, c, r, selected);
}

/* --- notes --- */

/* "Of 5 rules 3 are true here, 1 of them within the uncertainty, 1 is false, 1 does not apply." */
static void note_group(const struct ui *u, int group, char *buf, size_t size) {
    int n[3] = {0}, unsure = 0;
    for (int k = 0; k < RULE_COUNT; k++) {
        const struct rule_result *r = &u->rules.rule[k];
        if ((int)rules[k].group != group)
            continue;
        n[r->verdict]++;
        unsure += !r->certain;
    }
    text_add(buf, size, "Here %d true, %d false, %d not applicable", n[RULE_TRUE], n[RULE_FALSE], n[RULE_SILENT]);
    if (unsure > 0)
        text_add(buf, size, "; %d of the verdicts (○) within the uncertainty", unsure);
    text_add(buf, size, ".");
}

static void rules_note(const struct ui *u, int i, char *buf, size_t size) {
    int group = 0, rule = 0;
    find_row(i, &group, &rule);
    if (rule < 0)
        note_group(u, group, buf, size);
    else
        text_add(buf, size, "“%s”. %s", rules[rule].says, u->rules.rule[rule].why);
}

static void rules_enter(struct ui *u, int i) {
    (void)i;
    ui_say(u, false, "A rule is not a scenario: there is nothing to load. Move a slider and the rules follow.");
}

const struct wide_ops wide_rules = {
    .id = "rules",
    .title = "Rules of thumb",
    .prepare = rules_prepare,
    .count = rules_count,
    .head = rules_head,
    .row = rules_row,
    .note = rules_note,
    .enter = rules_enter,
};
