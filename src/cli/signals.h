/*
 * Signals: those that ask a run to end (SIGINT, SIGTERM, SIGHUP, and SIGUSR1 and SIGXCPU from a scheduler)
 * only raise a flag, which all that takes long looks at (core/stop.h), so that all ranks leave together and
 * nothing is left behind. A second SIGINT ends the process at once.
 */
#ifndef MZG_CLI_SIGNALS_H
#define MZG_CLI_SIGNALS_H

#include <stdatomic.h>

/* Installs the handlers; a signal that the caller of the program ignores stays ignored (nohup). SIGPIPE
 * is ignored: writing to a closed pipe is an error like any other. Local. */
void mzg_signals_install(void);

/* Has writing beyond the largest file that `ulimit -f` allows be an error like any other. Before MPI starts,
 * for it makes files in shared memory. Local. */
void mzg_signals_allow_file_limit(void);

/* The flag: 0, or the number of the signal that came. Local; valid for the life of the process. */
const atomic_int *mzg_signals_stop(void);

#endif
