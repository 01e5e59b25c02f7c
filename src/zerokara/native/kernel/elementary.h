/* The numbers and vectors of a variant, and elementary functions. */
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef REAL
#define REAL float
#endif
#define JOIN(a, b) a##_##b
#define NAMED(a, b) JOIN(a, b)
#define EXPORT(name) NAMED(name, VARIANT)
#define INLINE static inline __attribute__((always_inline))
#define EACH(i, n) for (integer i = 0; i < (n); i++)
#define SINGLE (sizeof(real) == 4)
#define FMA(a, b, c) (SINGLE ? (real)__builtin_fmaf(a, b, c) : (real)__builtin_fma(a, b, c))
#define SQRT(a) (SINGLE ? (real)__builtin_sqrtf(a) : (real)__builtin_sqrt(a))
#define FLOOR(a) (SINGLE ? (real)__builtin_floorf(a) : (real)__builtin_floor(a))
#define ABS(a) (SINGLE ? (real)__builtin_fabsf(a) : (real)__builtin_fabs(a))
#define SIGNED(a, b) (SINGLE ? (real)__builtin_copysignf(a, b) : (real)__builtin_copysign(a, b))

typedef REAL real;
typedef long long integer;
typedef __typeof__(_Generic((real)0, float: 0, double: (integer)0)) bits;
enum { LANES = BYTES / sizeof(real), PAD = 16, MOST_LAYERS = 32 };
typedef real vector __attribute__((vector_size(BYTES)));
typedef real unaligned __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));
typedef bits mask __attribute__((vector_size(BYTES)));

/* The length of rows of n numbers. Rows of a large power of two would fall on the same few lines of a cache. */
static inline int padded(int n) {
  int length = (n + PAD - 1) / PAD * PAD;
  return length % 128 ? length : length + PAD;
}

/* Elementary functions. Their errors, in units of the last place (ulp), are those in float32. */

static const real INVERSE_FACTORIAL[] = {1, 1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320,
                                         1. / 362880, 1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800};
enum { TAYLOR = SINGLE ? 7 : 13, ATANH = SINGLE ? 5 : 12, MANTISSA = SINGLE ? 23 : 52, OFFSET = SINGLE ? 127 : 1023 };
#define LOWEST (real)(SINGLE ? -87 : -708)
#define LOG_2 0.69314718055994530942
#define LOG_2_REST (real)(SINGLE ? LOG_2 - 0.693147182464599609375 : 2.3190468138462996e-17)

/* exp(x) = 2^n (1 + p): n = x / log 2, rounded, and 1 + p = exp(x - n log 2) by its Taylor series. Sets 2^n. */
INLINE real reduced(real x, real *power) {
  real n = FLOOR(FMA(x, (real)(1 / LOG_2), (real)0.5));
  real r = FMA(n, -LOG_2_REST, FMA(n, (real)-LOG_2, x)), q = INVERSE_FACTORIAL[TAYLOR];
#pragma GCC unroll 16
  for (int k = TAYLOR - 1; k > 0; k--) q = FMA(q, r, INVERSE_FACTORIAL[k]);
  bits exponent = ((bits)n + OFFSET) << MANTISSA;
  memcpy(power, &exponent, sizeof exponent);
  return q * r;
}

/* exp(x) for x up to 87: 1.1 ulp; 0 from -87 down. */
INLINE real exponential(real x) {
  real power, p = reduced(x > LOWEST ? x < -LOWEST ? x : -LOWEST : LOWEST, &power), y = FMA(power, p, power);
  return x > LOWEST ? y : x <= LOWEST ? 0 : x;
}

/* tanh |x| = -e / (2 + e), e = exp(-2 |x|) - 1: 3 ulp. */
INLINE real hyperbolic_tangent(real x) {
  real a = -2 * ABS(x), power, p = reduced(a > -40 ? a : -40, &power), e = FMA(power, p, power - 1);
  return x == x ? SIGNED(e / (2 + e), x) : x;
}

INLINE real sigmoid(real x) { return (real)0.5 * (1 + hyperbolic_tangent((real)0.5 * x)); }

/* log(x) for normal x > 0: 2 ulp. x = 2^n m, 2/3 <= m < 4/3; log m = 2 atanh(s), s = (m - 1) / (m + 1), a series. */
INLINE real logarithm(real x) {
  real least = (real)(2. / 3), m, q = (real)1 / (2 * ATANH + 1);
  bits whole, first, n;
  memcpy(&whole, &x, sizeof x), memcpy(&first, &least, sizeof x);
  n = (whole - first) >> MANTISSA, whole -= n * ((bits)1 << MANTISSA);
  memcpy(&m, &whole, sizeof m);
  real s = (m - 1) / (m + 1), s2 = s * s;
#pragma GCC unroll 16
  for (int k = ATANH - 1; k > 0; k--) q = FMA(q, s2, (real)1 / (2 * k + 1));
  real y = FMA((real)n, (real)LOG_2, FMA((real)n, LOG_2_REST, FMA(2 * s * s2, q, 2 * s)));
  return x - x == 0 ? y : x;
}

/* For tests: y (n) = exp, tanh, sigmoid or log of x. */
void EXPORT(elementary)(int function, integer n, const real *x, real *y) {
  EACH(i, n) y[i] = function == 0   ? exponential(x[i])
                    : function == 1 ? hyperbolic_tangent(x[i])
                    : function == 2 ? sigmoid(x[i])
                                    : logarithm(x[i]);
}
