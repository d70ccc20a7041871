/* What lies in the memory of the fullest GPU, and what would fit there. */
#ifndef MOESCOPE_CORE_MEMORY_H
#define MOESCOPE_CORE_MEMORY_H

#include "core/estimate.h"

/* Needs a layout that layout_check accepts. */
void memory_make(const struct deployment *d, struct memory *out);

/* Fewest GPUs of this kind whose memory holds the model and `batch` sequences, over all tp and pp; NAN when none do. */
double memory_min_gpus(const struct deployment *d);
/* The same with the layout: *tp and *pp stay where none do. */
double memory_min_layout(const struct deployment *d, int *tp, int *pp);

/* Layers of pipeline stage s: as even as can be, the extra ones in front of the last stage, which has the LM head. */
int memory_stage_layers(int n_layers, int pp, int s);

/* The layout rules (tp divides the heads, ep the experts, ...). Returns what is broken, with the numbers in text[160]. */
enum limit layout_check(const struct deployment *d, char *text);

#endif
