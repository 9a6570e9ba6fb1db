/* How much a line of the log matters. */
#ifndef MZGRID_LOG_H
#define MZGRID_LOG_H

enum mzg_log_level {
    MZG_LOG_ERROR,   /* why the run ends */
    MZG_LOG_WARNING, /* the result may not be what the user expects; a few lines a run */
    MZG_LOG_INFO,    /* decisions and results; a screen a run (default) */
    MZG_LOG_DETAIL,  /* -v: how it is done; some lines a phase */
    MZG_LOG_DEBUG    /* -vv: some lines a round */
};

#endif
