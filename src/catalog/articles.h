/* The two source articles, cell by cell: what they print, what comes out of their own formulas, what this
 * program says of the deployment that a row describes, and the verdict. Read from articles.csv. */
#ifndef MOESCOPE_CATALOG_ARTICLES_H
#define MOESCOPE_CATALOG_ARTICLES_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/catalog.h"
#include "core/article.h"
#include "core/article_figure.h"
#include "core/estimate.h"

enum { ARTICLE_REASON_LEN = 512 };

extern const char *const article_names[]; /* serving-cost, inference; NULL ends */

/* ok: follows, or is an input that nothing here contradicts. unit: right in another unit. self: contradicts
 * the article's own formula or another place of it. physics: cannot be on that hardware. naive: true only
 * under an assumption. */
enum article_verdict {
    VERDICT_OK,
    VERDICT_UNIT,
    VERDICT_SELF,
    VERDICT_PHYSICS,
    VERDICT_NAIVE,
    VERDICT_COUNT
};
extern const char *const article_verdicts[]; /* their words; NULL ends */

/* What bears a verdict out. */
enum article_evidence {
    EVIDENCE_RECOMPUTED, /* the article's formula: agrees if ok or naive, else not */
    EVIDENCE_COUNTER,    /* a second formula: agrees if ok, else not */
    EVIDENCE_MODEL,      /* this program's figure: agrees if ok, else not */
    EVIDENCE_FLOOR,      /* the second formula is the least that can be: kept if ok, undercut if not */
    EVIDENCE_CEILING,    /* ... the most that can be */
    EVIDENCE_REVERSED,   /* ... a ratio that the claim has below 1: above 1 if not ok */
    EVIDENCE_FIT,        /* the deployment is possible if ok, impossible if not */
    EVIDENCE_GIVEN,      /* an input of the article: nothing to work out */
    EVIDENCE_WORDS       /* a claim without a number; the reason argues */
};
extern const char *const article_evidences[]; /* NULL ends */

/* A formula with its inputs. */
struct article_working {
    const struct article_formula *formula; /* NULL: none */
    const char *inputs; /* as the file has them: name=value, a tilde before a rounded value */
    double in[ARTICLE_INPUTS_MAX];
    double slack[ARTICLE_INPUTS_MAX]; /* half a unit of the last digit of a rounded value, else 0 */
};

struct article_cell {
    char id[ID_LEN];
    int article; /* index into article_names */
    const char *table, *row, *column;
    const char *printed;          /* as the article has it, in a few words */
    const char *unit;             /* of the figures beside it */
    struct article_number number; /* the first one in `printed`; none if the evidence is words */
    struct article_working recomputed, counter;
    char base[ID_LEN]; /* row of scenarios.csv that the scenario starts from, or "" */
    bool has_scenario;
    struct scenario scenario;
    const char *figure;                   /* id: of article_figures or estimate_fields; "" none */
    const struct article_figure *derived; /* one of the two, or neither */
    const struct estimate_field *estimated;
    double figure_scale; /* from the figure's unit to `unit` */
    int verdict, evidence;
    char live[ID_LEN];  /* the rule (serving-cost) or law (inference) that judges the claim for any two
                           scenarios, or "" */
    const char *reason; /* {recomputed}, {counter}, {model} and {limit} stand for the figures */
};

size_t catalog_article_count(const struct catalog *c);
const struct article_cell *catalog_article_at(const struct catalog *c, size_t i);

struct article_result {
    struct article_range recomputed, counter; /* in the cell's unit; NAN: none */
    double model;                             /* in the cell's unit; NAN: none, unknown or impossible */
    double model_lo, model_hi; /* p10 and p90 of what would be measured; NAN: counted exactly, or unknown */
    enum origin origin;        /* of that interval */
    bool impossible;           /* the deployment of the row */
    enum limit limit;
    char limit_text[160];
    bool borne_out; /* the numbers bear the verdict out */
};

/* Works a cell out. `cache`: the caller's memory of routing laws. */
void article_evaluate(struct catalog *c, const struct article_cell *cell, struct load_cache *cache,
                      struct article_result *out);

/* The reason with its figures filled in; buf[ARTICLE_REASON_LEN]. Returns buf. */
const char *article_reason(const struct article_cell *cell, const struct article_result *r, char *buf);

/* A figure as the tables show it: four digits, "" for none; buf[VALUE_LEN]. Returns buf. */
const char *article_print(double value, char *buf);

#endif
