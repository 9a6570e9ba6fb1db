/*
 * One function, compiled for several CPUs; the loader picks. Contraction is off (cmake/Flags.cmake) and the
 * code below adds nothing up out of order, so that every variant gives the same bits: wider registers, not
 * other arithmetic. The widest is named by what a CPU can do, x86-64-v4: by the name of a CPU of one maker,
 * no other maker's would get it. Such a function is static: of others gcc shows a resolver to users of the
 * library.
 */
#ifndef MZG_AXIS_CLONES_H
#define MZG_AXIS_CLONES_H

/* Sanitizers instrument the resolvers, which run before the sanitizers' own start. MZG_NO_CLONES is for the
 * tests that compare the variants. */
#if !defined(MZG_NO_CLONES) && defined(__x86_64__) && defined(__gnu_linux__) &&                              \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#if __GNUC__ >= 12
#define MZG_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else /* which knows no such name here; a CPU that has it has x86-64-v4, but for one maker's first */
#define MZG_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#endif
#else
#define MZG_CLONES
#endif

#endif
