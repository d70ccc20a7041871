/* Constants from measurements: the model's own laws, with one to three of a class's constants moved until the predictions
 * meet two thirds of the samples, and judged on the other third. */
#ifndef MOESCOPE_VALIDATE_FIT_H
#define MOESCOPE_VALIDATE_FIT_H

#include "validate/predict.h"

enum { FITTED_CONSTANTS = 4 };

/* One class. Errors are |measured / predicted - 1|. */
struct fitted {
    enum calibration_class class;
    int n;                                                      /* constants moved */
    int constant[FITTED_CONSTANTS];
    double before[FITTED_CONSTANTS], value[FITTED_CONSTANTS];
    int points, held_out;
    double error_before, error_median, error_p90; /* of the held-out points; error_before with the constants as they were */
    double lo, hi;                                /* p10 and p90 of measured / predicted over all points */
    bool accepted;
    char why[120]; /* not accepted: the reason */
};

/* A fit is taken from these errors on the held-out points. */
extern const double fit_error_median_max, fit_error_p90_max;

/* Fits the class to the samples of it whose checks hold. False when there is none to fit. */
bool fit_class(const struct machine_model *model, const struct measurement *m, enum calibration_class class,
               struct fitted *out);

/* Puts an accepted fit's constants into a calibration, as if they were laid by a profile. */
void fit_apply(const struct fitted *f, struct calibration *c);

#endif
