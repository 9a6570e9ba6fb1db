/*
 * For clang-tidy only (scripts/test includes it before each file): what the analyzer, which looks at one file
 * at a time, cannot know of the two functions that every failure goes through. mzg_fail() sets and returns
 * the status; mzg_agree() never returns MZG_OK where this rank had failed. Without this, all code behind an
 * agreement seems to go on after a failed allocation.
 */
#ifndef ANALYZER_H
#define ANALYZER_H

#if __has_include(<mpi.h>) /* some files are also built as if there were no MPI */
#include <core/agree.h>
#endif
#include <mzgrid/error.h>

void analyzer_write_text(struct mzg_error *err, const char *format, ...);
enum mzg_status analyzer_any_status(struct mzg_error *err);

#define mzg_fail(err, code, ...) (analyzer_write_text(err, __VA_ARGS__), (err)->status = (code))
#define mzg_agree(comm, err) ((err)->status ? (err)->status : ((void)(comm), analyzer_any_status(err)))

#endif
