/*
 * Which vectors this CPU has, for the few loops that are written for each: those that a compiler makes no
 * vectors of. For all others see axis/clones.h.
 */
#ifndef MZG_CORE_VECTORS_H
#define MZG_CORE_VECTORS_H

enum mzg_vectors { MZG_VECTORS_AVX512, MZG_VECTORS_AVX2, MZG_VECTORS_NONE };

#if defined(__x86_64__) && defined(__GNUC__)
#define MZG_HAS_AVX 1
#define MZG_AVX2 __attribute__((target("avx2,popcnt")))
#define MZG_AVX512 __attribute__((target("avx512f,avx512vl,popcnt")))
#else
#define MZG_HAS_AVX 0
#endif

/* The widest, and all behind them in that order. */
static inline enum mzg_vectors mzg_vectors_of_cpu(void)
{
#if MZG_HAS_AVX
    if (__builtin_cpu_supports("popcnt") && __builtin_cpu_supports("avx2"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") ? MZG_VECTORS_AVX512
                                                                                       : MZG_VECTORS_AVX2;
#endif
    return MZG_VECTORS_NONE;
}

#endif
