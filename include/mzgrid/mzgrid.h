/* All of mzgrid's public interface. */
#ifndef MZGRID_MZGRID_H
#define MZGRID_MZGRID_H

#include <mzgrid/axis.h>
#include <mzgrid/context.h>
#include <mzgrid/convert.h>
#include <mzgrid/error.h>
#include <mzgrid/foreign.h>
#include <mzgrid/input.h>
#include <mzgrid/log.h>
#include <mzgrid/peaks.h>
#include <mzgrid/progress.h>
#include <mzgrid/resample.h>
#include <mzgrid/sampling.h>
#include <mzgrid/spectra.h>
#include <mzgrid/validate.h>
#include <mzgrid/version.h>

#endif
