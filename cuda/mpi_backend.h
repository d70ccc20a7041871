/* Collectives over MPI, in moescope-validate-mpi alone. Rank 0 measures and speaks; the others follow. */
#ifndef MOESCOPE_CUDA_MPI_BACKEND_H
#define MOESCOPE_CUDA_MPI_BACKEND_H

#include "cuda/backend.h"

extern const struct backend backend_mpi;

int mpi_start(int *argc, char ***argv); /* this process's rank; -1: MPI does not start */
void mpi_follow(void);                  /* ranks above 0: do what rank 0 says, until it says so */
void mpi_dismiss(void); /* rank 0, however its run ended: the others need not follow any more */
void mpi_finish(void);

#endif
