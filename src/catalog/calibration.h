/* calibration.csv: the constants of the physics, for every GPU, a family of GPUs, or one GPU. Private to
 * src/catalog. */
#ifndef MOESCOPE_CATALOG_CALIBRATION_H
#define MOESCOPE_CATALOG_CALIBRATION_H

#include "catalog/csv.h"
#include "catalog/store.h"

/* Takes one row; a row of the same scope and constant from an earlier directory is replaced. */
bool calibration_read_row(struct catalog *c, const struct csv_row *csv, unsigned layer, char *err);

/* Reads one row without keeping it; out->layer stays. */
bool calibration_parse_row(struct catalog *c, const struct csv_row *csv, struct constant_row *out, char *err);

/* Works out the constants of every GPU again, in place: what points to them stays valid. */
void calibration_settle_gpus(struct catalog *c);

/* Works out the constants of every GPU and the general ones. False when a constant has no row for "*". */
bool calibration_settle(struct catalog *c, const char *file, char *err);

/* The constants of an engine on a GPU: of the classes that are scoped by engine. */
void calibration_engine(const struct catalog *c, const char *engine, const struct gpu *gpu, struct calibration *out);

#endif
