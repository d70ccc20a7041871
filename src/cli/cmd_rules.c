/* `rules`: the first article's rules of thumb, judged for A and B. */
#include <math.h>
#include <stdlib.h>

#include "catalog/csv.h"
#include "cli/json.h"
#include "cli/pair.h"
#include "explore/rules.h"
#include "explore/words.h"
#include "session/xalloc.h"

static const char *verdict(const struct rule_result *r) {
    if (r->verdict != RULE_SILENT && !r->certain)
        return r->verdict == RULE_TRUE ? "true?" : "false?";
    return rule_verdict_names[r->verdict];
}

static void write_table(const struct rule_results *results, FILE *out) {
    char a[WORDS_NUMBER], b[WORDS_NUMBER], turns[128];
    fprintf(out, "\n%-15s %-46s %9s %9s %-6s %-7s %s\n", "rule", "the article says", "A", "B", "", "here", "turns at");
    for (int i = 0; i < RULE_COUNT; i++) {
        const struct rule *rule = &rules[i];
        const struct rule_result *r = &results->rule[i];
        if (i == 0 || rules[i - 1].group != rule->group)
            fprintf(out, "\n%s\n", rule_group_names[rule->group]);
        fprintf(out, "%-15s %-46s %9s %9s %-6s %-7s %s\n", rule->id, rule->says, words_number(r->value[0], a),
                words_number(r->value[1], b), rule->unit, verdict(r), rule_flips_print(r, turns, sizeof turns));
        pair_write_text(out, 4, r->why);
    }
    fputs("\ntrue? and false?: the figures compared overlap within their intervals (p10 to p90).\n", out);
}

/* The place where the other verdict begins, or the last one with it, as the sign of `turns` says. */
static const char *const csv_names = "rule,group,says,compares,unit,a,b,batch_a,batch_b,verdict,certain,"
                                     "turns_batch_before,turns_batch_from,turns_gpus_before,turns_gpus_from,turns_price,why";

static void write_csv(const struct rule_results *results, FILE *out) {
    fprintf(out, "%s\n", csv_names);
    for (int i = 0; i < RULE_COUNT; i++) {
        const struct rule *rule = &rules[i];
        const struct rule_result *r = &results->rule[i];
        csv_write_cell(out, rule->id, true);
        csv_write_cell(out, rule_group_names[rule->group], false);
        csv_write_cell(out, rule->says, false);
        csv_write_cell(out, rule->compares, false);
        csv_write_cell(out, rule->unit, false);
        for (int slot = 0; slot < 2; slot++)
            pair_write_number(out, r->value[slot]);
        for (int slot = 0; slot < 2; slot++)
            pair_write_number(out, r->batch[slot] > 0 ? r->batch[slot] : NAN);
        csv_write_cell(out, rule_verdict_names[r->verdict], false);
        csv_write_cell(out, r->verdict == RULE_SILENT ? "" : r->certain ? "1" : "0", false);
        for (int axis = RULE_BATCH; axis <= RULE_GPUS; axis++) {
            pair_write_number(out, r->flip[axis].before);
            pair_write_number(out, r->flip[axis].from);
        }
        pair_write_number(out, r->flip[RULE_PRICE].from);
        csv_write_cell(out, r->why, false);
        csv_end_row(out);
    }
}

static void write_json_flips(struct json *j, const struct rule_result *r) {
    json_number(j, "turns_batch_before", r->flip[RULE_BATCH].before);
    json_number(j, "turns_batch_from", r->flip[RULE_BATCH].from);
    json_number(j, "turns_gpus_before", r->flip[RULE_GPUS].before);
    json_number(j, "turns_gpus_from", r->flip[RULE_GPUS].from);
    json_number(j, "turns_price", r->flip[RULE_PRICE].from);
}

static void write_json(const struct rule_results *results, FILE *out) {
    for (int i = 0; i < RULE_COUNT; i++) {
        const struct rule *rule = &rules[i];
        const struct rule_result *r = &results->rule[i];
        struct json j;
        json_begin(&j, out);
        json_text(&j, "rule", rule->id);
        json_text(&j, "group", rule_group_names[rule->group]);
        json_text(&j, "says", rule->says);
        json_text(&j, "compares", rule->compares);
        json_text(&j, "unit", rule->unit);
        json_number(&j, "a", r->value[0]);
        json_number(&j, "b", r->value[1]);
        json_number(&j, "batch_a", r->batch[0] > 0 ? r->batch[0] : NAN);
        json_number(&j, "batch_b", r->batch[1] > 0 ? r->batch[1] : NAN);
        json_text(&j, "verdict", rule_verdict_names[r->verdict]);
        if (r->verdict == RULE_SILENT)
            json_text(&j, "certain", NULL);
        else
            json_bool(&j, "certain", r->certain);
        write_json_flips(&j, r);
        json_text(&j, "why", r->why);
        json_end(&j);
        putc('\n', out);
    }
}

static void write_rules(struct pair *p) {
    struct rule_results *results = xcalloc(1, sizeof *results);
    rules_make(&p->explorer, pair_scenario(p, SLOT_A), pair_scenario(p, SLOT_B), RULES_EXACT,
               results); /* both resolve: pair_open */
    if (p->format == FORMAT_TABLE) {
        pair_write_heading(p, stdout);
        write_table(results, stdout);
    } else if (p->format == FORMAT_CSV) {
        write_csv(results, stdout);
    } else {
        write_json(results, stdout);
    }
    free(results);
}

enum status cmd_rules(const struct options *o) {
    struct pair p;
    enum status status = pair_open(o, &p);
    if (status == STATUS_OK)
        write_rules(&p);
    pair_close(&p);
    return status;
}
