/* Whether to stop: asked to (a signal, end of input, a reader gone), or the running experiment's time is
 * over. Every loop that can last polls it, at least every 50 ms. */
#ifndef MOESCOPE_CUDA_STOP_H
#define MOESCOPE_CUDA_STOP_H

#include <stdbool.h>

double stop_clock(void); /* seconds, monotonic */
void stop_request(void); /* from anywhere, signal handlers too */
bool stop_requested(void);
void stop_set_deadline(double at); /* on stop_clock; INFINITY: none */
bool stop_now(void);               /* requested, or past the deadline */

#endif
