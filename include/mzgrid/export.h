/*
 * What stands between MZG_BEGIN_API and MZG_END_API is the interface of the library: its functions have C
 * linkage, and the shared library shows them. It hides all others.
 */
#ifndef MZGRID_EXPORT_H
#define MZGRID_EXPORT_H

#ifdef __cplusplus
#define MZG_BEGIN_API                                                                                        \
    _Pragma("GCC visibility push(default)") extern "C"                                                       \
    {
#define MZG_END_API                                                                                          \
    }                                                                                                        \
    _Pragma("GCC visibility pop")
#else
#define MZG_BEGIN_API _Pragma("GCC visibility push(default)")
#define MZG_END_API _Pragma("GCC visibility pop")
#endif

#endif
