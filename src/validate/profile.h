/* Calibration profiles: constants measured on one device, as rows of calibration.csv with a few columns more. Kept one file a
 * device below $XDG_DATA_HOME/moescope/profiles. */
#ifndef MOESCOPE_VALIDATE_PROFILE_H
#define MOESCOPE_VALIDATE_PROFILE_H

#include "validate/fit.h"

enum { PROFILE_FORMAT = 1, PROFILE_PATH = 1024 };

/* Whose constants they are, and of when. */
struct profile_head {
    char scope[ID_LEN]; /* id of the GPU, or "host" */
    char uuid[MEASURE_TEXT], device[MEASURE_TEXT], driver[MEASURE_TEXT], helper[MEASURE_TEXT];
    char date[16];      /* YYYY-MM-DD */
    struct gpu host;    /* what was measured of the machine itself, where scope is host */
    int rows;
};

/* The head of a run that is happening now. */
void profile_head_make(const struct machine_model *model, const struct measurement *m, struct profile_head *out);

/* Writes a whole profile: the accepted fits' constants and bounds. Returns the rows written. */
int profile_write(FILE *out, const struct profile_head *head, const struct fitted *fits, int n);

/* $XDG_DATA_HOME/moescope/profiles/SCOPE-UUID.csv; false when neither XDG_DATA_HOME nor HOME is set. */
bool profile_path(const struct profile_head *head, char *path, size_t size);

/* Writes beside the file, then renames; makes the directories. False with err[ERROR_LEN]; then the old file is as it was. */
bool profile_save(const struct profile_head *head, const struct fitted *fits, int n, const char *path, char *err);

/* Reads who a profile is of, and whether it is whole: the format's version, one head in all rows, as many rows as it says.
 * False with the reason in err[ERROR_LEN]. */
bool profile_read_head(FILE *in, const char *name, struct profile_head *out, char *err);

/* Whether a profile is of this very device, driver and helper; else the reason in err[ERROR_LEN]. */
bool profile_fits(const struct profile_head *profile, const struct profile_head *here, char *err);

/* Lays a profile over the catalog's constants; with `here`, only where profile_fits. *head (may be NULL) is whose it was.
 * False with err[ERROR_LEN] and nothing changed. */
bool profile_lay(struct catalog *c, const char *path, const struct profile_head *here, struct profile_head *head, char *err);

/* Lays what was just fitted, through the same rows that a file would have. */
bool profile_lay_fits(struct catalog *c, const struct profile_head *head, const struct fitted *fits, int n, char *err);

#endif
