/* Sweeps: both scenarios at many batches, GPU counts and layouts, for plots. What is swept is taken first, on the thread
 * that owns the catalog (take); the work is pure and may be done on another (worker.h). Figures are NAN where a scenario
 * does not run or nothing is known. */
#ifndef MOESCOPE_EXPLORE_SWEEP_H
#define MOESCOPE_EXPLORE_SWEEP_H

#include "explore/explore.h"
#include "explore/worker.h"

/* Deployments that stay as they are whatever the catalog reads later: models may be imported, and then move. */
struct sides {
    bool known[2]; /* resolved */
    struct deployment d[2];
    struct model model[2];
};
void sides_take(struct sides *s, const struct explorer *x, const struct scenario *a, const struct scenario *b);

enum { SWEEP_BATCH_MAX = 4096 };

/* --- figures against batch ------------------------------------------------------------------------------------------ */

enum { CURVE_TOK_S_GPU, CURVE_TPOT, CURVE_LOAD_MEAN, CURVE_LOAD_P95, CURVE_LOSS, CURVE_LOSS_ARTICLE, CURVES };
extern const enum estimate_field_id sweep_curves[CURVES];

/* Of these it is said where the winner changes, too. */
enum { CURVES_CROSSED = 2, SWEEP_POINTS_MAX = 64 };

struct batch_sweep {
    struct sides sides;
    struct load_cache cache;
    int n; /* batches, rising; the scenarios' own are among them */
    int batch[SWEEP_POINTS_MAX];
    double value[2][CURVES][SWEEP_POINTS_MAX];
    struct crossover crossover[CURVES_CROSSED];
};
void batch_sweep_take(struct batch_sweep *s, const struct explorer *x, const struct scenario *a, const struct scenario *b);
work_fn batch_sweep_work;

/* --- layouts --------------------------------------------------------------------------------------------------------- */

struct widths {
    short tp, pp, dp, ep;
};

/* The ways to cut engines out of the deployment's GPUs that its model's heads, layers and experts allow, at most `most`:
 * engines that divide the GPUs (in disaggregated serving, of the decode pool) without rest. Returns how many there are. */
size_t sweep_layouts(const struct deployment *d, struct widths *out, size_t most);

/* The deployment in that layout, all else as it is; a prefill pool stays as it was. */
void sweep_lay_out(struct deployment *d, struct widths w);

/* The scenario that resolves to that. */
bool sweep_adopt(struct scenario *s, const struct deployment *d, struct widths w);

enum { LAYOUTS_MAX = 1024 };
enum { LAYOUT_MEM_GB, LAYOUT_TPOT, LAYOUT_TOK_S_GPU, LAYOUT_COST, LAYOUT_OUT_TOK_S, LAYOUT_FIGURES };
extern const enum estimate_field_id sweep_layout_figures[LAYOUT_FIGURES];

struct layout_row {
    struct widths w;
    bool feasible;
    double value[LAYOUT_FIGURES]; /* memory also where it does not fit */
};

/* Every legal layout of one scenario, memory permitting or not. */
struct layout_sweep {
    struct sides sides; /* the first */
    struct load_cache cache;
    struct widths tried[LAYOUTS_MAX];
    size_t n_tried, n_all; /* n_all: without the room for them */
    struct layout_row row[LAYOUTS_MAX];
    size_t n;
};
void layout_sweep_take(struct layout_sweep *s, const struct explorer *x, const struct scenario *of);
work_fn layout_sweep_work;

/* --- speed against cost ---------------------------------------------------------------------------------------------- */

/* What speed (tokens per second of one user) is weighed against. */
enum { FRONT_TOK_S_GPU, FRONT_COST, FRONTS };
enum { FRONT_MAX = 512, FRONT_BATCHES = 25 };

struct front_point {
    double speed, value[FRONTS];
    int batch;
    struct widths w;
};

struct frontier {
    struct sides sides;
    struct load_cache cache;
    struct widths layout[2][LAYOUTS_MAX];
    size_t n_layouts[2];
    struct {
        struct front_point own[FRONT_BATCHES]; /* the scenario's layout; speed NAN where it does not run */
        int n_own;
        struct front_point now;                          /* as it is set */
        struct front_point best[FRONTS][FRONT_MAX];      /* no layout and batch does better on both; by falling speed */
        size_t n_best[FRONTS];
    } of[2];
};
void frontier_take(struct frontier *f, const struct explorer *x, const struct scenario *a, const struct scenario *b);
work_fn frontier_work;

/* --- who wins, over batch and GPUs ------------------------------------------------------------------------------------ */

enum { MAP_COST, MAP_TPOT, MAP_FIGURES };
extern const enum estimate_field_id sweep_map_figures[MAP_FIGURES];
enum { MAP_BATCHES = 24, MAP_GPUS_MAX = 17 };

struct map_cell {
    double value[MAP_FIGURES][2];
    bool certain[MAP_FIGURES]; /* the intervals do not overlap */
};

struct winner_map {
    struct load_cache cache;
    int n_gpus, gpus[MAP_GPUS_MAX]; /* 1, 2, 4 ... 64, further if a scenario has more */
    int batch[MAP_BATCHES];         /* 1, 2, 3, 4, 6, 8, 12 ... 4096 */
    struct sides at[MAP_GPUS_MAX];  /* in the default layout; at a scenario's own number of GPUs in its own */
    struct map_cell cell[MAP_GPUS_MAX][MAP_BATCHES];
};
void winner_map_take(struct winner_map *m, const struct explorer *x, const struct scenario *a, const struct scenario *b);
work_fn winner_map_work;
/* 0 or 1; -1: neither runs, they are equal, or the figure is not known. Who runs alone wins. */
int winner_map_winner(const struct map_cell *c, int figure);

#endif
