/* Replicas of popular experts, and which rank holds which: what engines call redundant experts. */
#ifndef MOESCOPE_CORE_REPLICAS_H
#define MOESCOPE_CORE_REPLICAS_H

/* Fills n + redundant slots of `ranks` ranks, the same number on each. p[n]: popularity, most popular first. Out, slot
 * by slot, busiest first: share[], the chance that a token goes there, and rank[]. Needs n + redundant <= EXPERTS_MAX,
 * a multiple of ranks, and at most n on each rank. */
void replicas_place(const double *p, int n, int redundant, int ranks, double *share, int *rank);

#endif
