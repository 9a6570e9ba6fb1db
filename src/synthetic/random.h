/*
 * Random numbers by counter: draw i of a stream is a hash of the stream's key and i, so that any thread of
 * any rank makes any number without those before it. The functions use nothing but integers and exact
 * conversions: the numbers are the same on every machine.
 */
#ifndef MZG_SYNTHETIC_RANDOM_H
#define MZG_SYNTHETIC_RANDOM_H

#include <stdint.h>

/* The finalizer of splitmix64: a bijection in which every bit of x moves every bit of the result. */
static inline uint64_t mzg_random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Draw `i` of the stream `key`. */
static inline uint64_t mzg_random_draw(uint64_t key, uint64_t i)
{
    return mzg_random_mix(key + (i + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* Uniform in [0, 1), from the upper 53 bits. */
static inline double mzg_random_unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

/* Mean 0, variance 1, within ±2.45: the sum of two uniform 16-bit numbers. Uses the lower 32 bits. */
static inline float mzg_random_normal(uint64_t bits)
{
    int32_t sum = (int32_t)(bits & 0xffff) + (int32_t)((bits >> 16) & 0xffff);
    return (float)(sum - 65535) * (2.4494897F / 65536.0F);
}

#endif
