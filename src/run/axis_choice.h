/* The law and the width of a mass axis by what a sample of the input tells. On rank 0, which has its
 * spacings, and its metadata. Local. */
#ifndef MZG_RUN_AXIS_CHOICE_H
#define MZG_RUN_AXIS_CHOICE_H

#include <run/decide.h>
#include <run/sample.h>

/* Sets the law of decisions->axis unless the options name one, the width unless they name a width or a number
 * of bins, the step of the data, and the reasons. MZG_EUSAGE for a width in sampling steps that the data do
 * not tell. MZG_ENOMEM. */
enum mzg_status mzg_axis_choice_decide(const struct mzg_convert_options *options,
                                       const struct mzg_dataset *dataset, const struct mzg_sample *sample,
                                       struct mzg_decisions *decisions, struct mzg_error *err);

#endif
