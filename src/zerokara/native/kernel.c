/* The compiled epoch: one network at a time through its training steps, in the processor's second-level cache.

   The NumPy layers (zerokara.nn, zerokara.optim) define what is computed here. A network is Affine, [BatchNorm],
   activation, [Dropout] for each hidden layer, and a last Affine; its loss and optimizer are any of the package's.

   The bits are the same on every processor with fused multiply-adds, for every vector width and compiler: each element
   of a matrix product is one chain of multiply-adds in the order of k; each fused operation is written as FMA and the
   compiler fuses no other (-ffp-contract=off); exp, log and tanh are defined here. No function of a library is called.

   Names are those of the book: x, W (in, out), b, dout; n samples in a step. Inside, samples lie along the rows, x is
   (in, n): vectors hold samples, and W is read number by number, in any layout. Rows are padded to a multiple of PAD
   numbers; what lies beyond the n-th sample is never used. Outside, the arrays are those of `Network`. */
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifdef DISPATCH
#if defined(__x86_64__)
#include <cpuid.h>
/* Which variants this processor and operating system run: 1 AVX2 with FMA, 2 AVX-512, 4 NEON. Each bit stands for all
   that its -march assumes (x86-64-v3, x86-64-v4). Asked of the processor itself: zig has no __builtin_cpu_supports. */
int features(void) {
  unsigned a, b, c, d, saved, high, lzcnt = 1 << 5;
  unsigned first = bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C, avx2 = bit_AVX2 | bit_BMI | bit_BMI2;
  unsigned avx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & first) != first) return 0;
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0)); /* The registers that the operating system saves. */
  if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(c & lzcnt) || (saved & 0x06) != 0x06) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & avx2) != avx2) return 0;
  return (b & avx512) == avx512 && (saved & 0xe6) == 0xe6 ? 3 : 1;
}
#elif defined(__aarch64__)
int features(void) { return 4; }
#else
int features(void) { return 0; }
#endif
#else

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

/* ---- Elementary functions. Their errors, in units of the last place (ulp), are those in float32. ---- */

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

/* ---- Matrix products: C (M, N) = A (M, K) B (K, N), then one of these steps. ---- */

enum { PLAIN, ADD_BIAS, BIAS_AND_RELU, RELU_BACKWARD, SGD_STEP };
typedef struct {
  int step;
  const real *bias, *y; /* ADD_BIAS: C + bias, one for each row. RELU_BACKWARD: C where y > 0, else 0. */
  real lr, keep;        /* SGD_STEP: C is the gradient of what lies in its place: W keep - lr dW. */
} Finish;

/* a b + c, rounded once. GCC has no such function for its vectors, Clang has. */
INLINE vector fused(vector a, vector b, vector c) {
#if __has_builtin(__builtin_elementwise_fma)
  return __builtin_elementwise_fma(a, b, c);
#elif BYTES == 64
  if (SINGLE) return (vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
  return (vector)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif BYTES == 32
  if (SINGLE) return (vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
  return (vector)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  return (vector)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#endif
}
INLINE vector load(const real *p) { return *(const unaligned *)p; }
INLINE vector all(real a) { return a - (vector){0}; }

#define PAIR(k) k, BYTES / 4 + k
#define PAIRS(k) PAIR(k), PAIR(k + 1)
#if BYTES == 64
enum { TILE_ROWS = 8, TILE_VECTORS = 4 };
#define HALF(k) PAIRS(k), PAIRS(k + 2), PAIRS(k + 4), PAIRS(k + 6)
#elif BYTES == 32
enum { TILE_ROWS = 6, TILE_VECTORS = 2 };
#define HALF(k) PAIRS(k), PAIRS(k + 2)
#else
enum { TILE_ROWS = 4, TILE_VECTORS = 4 };
#define HALF(k) PAIRS(k)
#endif

/* A tile of C, rows x vectors, in registers. A is read by its strides, so that it may be a transposed matrix. */
INLINE void tile(const int rows, const int vectors, int K, const real *A, integer down, integer right, const real *B,
                 real *C, integer width, const Finish *f, integer row, integer column) {
  vector sum[TILE_ROWS][TILE_VECTORS] = {0};
  for (int k = 0; k < K; k++) {
    vector b[TILE_VECTORS];
#pragma GCC unroll 8
    for (int j = 0; j < vectors; j++) b[j] = load(B + k * width + LANES * j);
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
      vector a = all(A[i * down + k * right]);
#pragma GCC unroll 8
      for (int j = 0; j < vectors; j++) sum[i][j] = fused(a, b[j], sum[i][j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < vectors; j++) {
      vector y = sum[i][j];
      real *c = C + i * width + LANES * j;
      integer at = column + LANES * j;
      if (f->step == ADD_BIAS || f->step == BIAS_AND_RELU) y += all(f->bias[row + i]);
      if (f->step == BIAS_AND_RELU) y = (vector)((y > 0) & (mask)y);
      if (f->step == RELU_BACKWARD) y = (vector)((load(f->y + (row + i) * width + at) > 0) & (mask)y);
      if (f->step == SGD_STEP) y = fused(all(-f->lr), y, f->keep * load(c));
      *(unaligned *)c = y;
    }
  }
}

INLINE void columns(const int vectors, const int rows, int M, int K, const real *A, integer down, integer right,
                    const real *B, real *C, integer width, const Finish *f, integer column) {
  int i = 0;
#define TILE(n) tile(n, vectors, K, A + i * down, down, right, B, C + i * width, width, f, i, column)
  for (; i + rows <= M; i += rows) TILE(rows);
  switch (M - i) {
    case 1: TILE(1); break;
    case 2: TILE(2); break;
    case 3: TILE(3); break;
#if BYTES > 16
    case 4: TILE(4); break;
    case 5: TILE(5); break;
#endif
#if BYTES > 32
    case 6: TILE(6); break;
    case 7: TILE(7); break;
#endif
  }
}

static void product(int M, int N, int K, const real *A, integer down, integer right, const real *B, real *C,
                    Finish f) {
  integer width = padded(N);
  int left = (N + PAD - 1) / PAD * (PAD / LANES);
  for (integer at = 0; left;) {
    int n = left < TILE_VECTORS ? left : TILE_VECTORS;
    if (TILE_VECTORS > 2 && left > TILE_VECTORS && left < 2 * TILE_VECTORS - 1) n = TILE_VECTORS - 1; /* 6 = 3 + 3 */
#define COLUMNS(n, rows) columns(n, rows, M, K, A, down, right, B + at, C + at, width, &f, at)
    switch (n) {
      case 1: COLUMNS(1, TILE_ROWS); break;
      case 2: COLUMNS(2, TILE_ROWS); break;
#if BYTES != 32
      case 3: COLUMNS(3, TILE_ROWS); break;
      case 4: COLUMNS(4, BYTES == 64 ? 6 : TILE_ROWS); break;
#endif
    }
    at += (integer)n * LANES;
    left -= n;
  }
}

/* T (columns, rows) = A (rows, columns); their rows have `wide` and `width` numbers. */
static void transpose(int rows, int columns, const real *A, int width, real *T, int wide) {
  enum { SIDE = BYTES / 4 };
  for (integer r0 = 0; r0 < wide; r0 += SIDE)
    for (integer c0 = 0; c0 < columns; c0 += SIDE) {
      if (SINGLE && c0 + SIDE <= columns) { /* Rows i and i + SIDE / 2 are interleaved, until they are columns. */
        typedef float row __attribute__((vector_size(BYTES)));
        row now[SIDE], next[SIDE];
        EACH(i, SIDE) now[i] = r0 + i < rows ? (row)load(A + (r0 + i) * width + c0) : (row){0};
#pragma GCC unroll 4
        for (int stage = 1; stage < SIDE; stage *= 2) {
#pragma GCC unroll 8
          for (int i = 0; i < SIDE / 2; i++) {
            next[2 * i] = __builtin_shufflevector(now[i], now[i + SIDE / 2], HALF(0));
            next[2 * i + 1] = __builtin_shufflevector(now[i], now[i + SIDE / 2], HALF(SIDE / 2));
          }
#pragma GCC unroll 16
          for (int i = 0; i < SIDE; i++) now[i] = next[i];
        }
        EACH(i, SIDE) *(unaligned *)(T + (c0 + i) * wide + r0) = (vector)now[i];
        continue;
      }
      integer end = c0 + SIDE < columns ? c0 + SIDE : columns;
      for (integer c = c0; c < end; c++)
        for (integer r = r0; r < r0 + SIDE; r++) T[c * wide + r] = r < rows ? A[r * width + c] : 0;
    }
}

/* s (1, width) = the sums of the columns of d (n, width). */
static void column_sums(int n, int width, const real *d, real *s) {
  memset(s, 0, sizeof(real) * width);
  EACH(i, n) EACH(j, width) s[j] += d[i * width + j];
}

/* The sum of n products a b, or without b of a: in PAD lanes, which are then added in halves. */
INLINE real dot(int n, const real *a, const real *b) {
  vector sums[PAD / LANES] = {0};
  int i = 0;
  for (; i + PAD <= n; i += PAD)
    for (int k = 0; k < PAD / LANES; k++)
      sums[k] = fused(load(a + i + k * LANES), b ? load(b + i + k * LANES) : all(1), sums[k]);
  real lanes[PAD];
  memcpy(lanes, sums, sizeof lanes);
  EACH(j, n - i) lanes[j] = FMA(a[i + j], b ? b[i + j] : 1, lanes[j]);
#pragma GCC unroll 4
  for (int half = PAD / 2; half; half /= 2) EACH(j, half) lanes[j] += lanes[j + half];
  return lanes[0];
}

/* ---- What the networks of a population have in common; zerokara.native.compiled fills it in. ---- */

enum Activation { RELU, LEAKY_RELU, SIGMOID, TANH, GELU };
enum Loss { SOFTMAX_CROSS_ENTROPY, SIGMOID_CROSS_ENTROPY, SQUARED_ERROR, ABSOLUTE_ERROR, HUBER, POISSON_ERROR };
enum Optimizer { SGD, MOMENTUM, NESTEROV, ADAGRAD, RMSPROP, ADAM, ADAMW };
typedef struct {
  int layers, sizes[MOST_LAYERS + 1]; /* of affine layers */
  int activation, batch_norm, dropout, exponential, loss, optimizer;
  int states; /* arrays that the optimizer keeps, up to 2 */
  integer size, W[MOST_LAYERS], b[MOST_LAYERS], gamma[MOST_LAYERS], beta[MOST_LAYERS]; /* places in the flat array */
  double slope, delta, bn_momentum; /* of a leaky ReLU, of Huber's loss, of the running statistics */
} Model;

/* Samples: t (N) has classes, or (N, C) numbers; the weights of samples (N) and classes (C) may be missing. */
typedef struct { const real *x; const void *t; const real *weights, *class_weights; } Samples;

/* The hyperparameters of one network. */
typedef struct {
  double lr, weight_decay, clip_norm, momentum, beta1, beta2, decay_rate, label_smoothing, dropout;
} Numbers;

/* Inside, a layer is a block of padded rows: W (in, out), then b and, with batch norm, gamma and beta. */
static inline int block_rows(const Model *m, int l) {
  return m->sizes[l] + (m->batch_norm && l + 1 < m->layers ? 3 : 1);
}
static inline integer block_size(const Model *m, int l) { return (integer)block_rows(m, l) * padded(m->sizes[l + 1]); }
static integer packed_size(const Model *m) {
  integer size = 0;
  EACH(l, m->layers) size += block_size(m, l);
  return size;
}

/* Copy the parameters of one network, or a state of the same shape, into blocks; or back. */
static void pack(const Model *m, real *flat, real *packed, int back) {
  EACH(l, m->layers) {
    int in = m->sizes[l], out = m->sizes[l + 1], width = padded(out);
    for (integer i = 0; i < block_rows(m, l); i++, packed += width) {
      integer at = i < in ? m->W[l] + i * out : i == in ? m->b[l] : i == in + 1 ? m->gamma[l] : m->beta[l];
      memcpy(back ? flat + at : packed, back ? packed : flat + at, sizeof(real) * out);
      if (!back) memset(packed + out, 0, sizeof(real) * (width - out));
    }
  }
}

/* ---- Layers: z goes into the activation, y comes out, h is y after dropout and enters the next layer. ---- */

typedef struct { real *z, *y, *h, *normal, *deviation; } Values;
#define ROOT (real)0.79788456080286535588 /* sqrt(2 / pi) */
#define CUBIC (real)0.044715

static void activate(const Model *m, integer n, const real *z, real *y) {
  real slope = (real)m->slope;
  switch (m->activation) {
    case RELU: EACH(i, n) {
      real kept = z[i] > 0 ? z[i] : 0; /* Two selections: for nested ones, Clang jumps. */
      y[i] = z[i] == z[i] ? kept : z[i];
    } break;
    case LEAKY_RELU: EACH(i, n) y[i] = z[i] > 0 ? z[i] : slope * z[i]; break;
    case SIGMOID: EACH(i, n) y[i] = sigmoid(z[i]); break;
    case TANH: EACH(i, n) y[i] = hyperbolic_tangent(z[i]); break;
    case GELU: EACH(i, n) {
      real u = ROOT * FMA(CUBIC * z[i], z[i] * z[i], z[i]);
      y[i] = (real)0.5 * z[i] * (1 + hyperbolic_tangent(u));
    }
  }
}

/* d loss / dz from d loss / dy, in its place. */
static void activate_backward(const Model *m, integer n, const real *z, const real *y, real *d) {
  real slope = (real)m->slope;
  switch (m->activation) {
    case RELU: EACH(i, n) d[i] = y[i] > 0 ? d[i] : 0; break;
    case LEAKY_RELU: EACH(i, n) d[i] = y[i] > 0 ? d[i] : slope * d[i]; break;
    case SIGMOID: EACH(i, n) d[i] *= y[i] * (1 - y[i]); break;
    case TANH: EACH(i, n) d[i] *= FMA(-y[i], y[i], 1); break;
    case GELU: EACH(i, n) {
      real x = z[i], tanh = hyperbolic_tangent(ROOT * FMA(CUBIC * x, x * x, x)), du = ROOT * FMA(3 * CUBIC * x, x, 1);
      d[i] *= FMA((real)0.5 * x * FMA(-tanh, tanh, 1), du, (real)0.5 * (1 + tanh));
    }
  }
}

/* ---- Uniform numbers, those of `random(n, float32)` of NumPy's PCG64 with the seed `zerokara.rng.entropy`. ---- */

INLINE unsigned hashed(unsigned value, unsigned *constant, unsigned multiplier) {
  value ^= *constant, *constant *= multiplier, value *= *constant;
  return value ^ value >> 16;
}

INLINE unsigned mixed(unsigned x, unsigned y) {
  unsigned value = 0xca01f9ddu * x - 0x4973f715u * y;
  return value ^ value >> 16;
}

/* NumPy's SeedSequence: eight words of state from four or more of entropy. */
static void seed_words(int count, const unsigned *entropy, unsigned *state) {
  unsigned pool[4], constant = 0x43b0d7e5u;
  EACH(i, 4) pool[i] = hashed(entropy[i], &constant, 0x931e8875u);
  EACH(i, count) EACH(j, 4) {
    if (i != j) pool[j] = mixed(pool[j], hashed(i < 4 ? pool[i] : entropy[i], &constant, 0x931e8875u));
  }
  constant = 0x8b51f9ddu;
  EACH(i, 8) state[i] = hashed(pool[i % 4], &constant, 0x58f38dedu);
}

/* For each of some streams, one after another: sizes[i] numbers in [0, 1) from its words of entropy (streams, words).
   Each step of the generator gives two of them, of its low bits first. */
void EXPORT(uniforms)(int streams, int words, const unsigned *entropy, const integer *sizes, real *u) {
  __extension__ typedef unsigned __int128 wide;
  const wide multiplier = (wide)2549297995355413924u << 64 | 4865540595714422341u;
  for (int i = 0; i < streams; i++, entropy += words) {
    unsigned s[8];
    seed_words(words, entropy, s);
    wide first = (wide)s[1] << 96 | (wide)s[0] << 64 | (wide)s[3] << 32 | s[2];
    wide increment = ((wide)s[5] << 96 | (wide)s[4] << 64 | (wide)s[7] << 32 | s[6]) << 1 | 1;
    wide state = (increment + first) * multiplier + increment;
    for (integer left = sizes[i]; left > 0; left -= 2) {
      state = state * multiplier + increment;
      unsigned long long folded = (unsigned long long)(state >> 64) ^ (unsigned long long)state, turn = state >> 122;
      folded = folded >> turn | folded << (-turn & 63);
      *u++ = (real)((unsigned)folded >> 8) * (real)0x1p-24;
      if (left > 1) *u++ = (real)(folded >> 40) * (real)0x1p-24;
    }
  }
}

/* y = x / (1 - rate) where the uniform number u >= rate, else 0. The backward pass is the same. */
static void drop(integer n, const real *x, const real *u, real rate, real *y) {
  real scale = 1 / (1 - rate);
  EACH(i, n) y[i] = u[i] >= rate ? x[i] * scale : 0;
}

/* Batch norm, in place of z: gamma normal + beta, normal = (z - mean) / deviation; `running` has means, then vars. */
static void normalize(const Model *m, int n, int size, const real *gamma, const real *beta, real *running, int train,
                      Values *v) {
  real *var = running + size, momentum = (real)m->bn_momentum, share = 1 / (real)n, epsilon = (real)1e-5;
  integer wide = padded(n);
  EACH(j, size) {
    real *restrict z = v->z + j * wide, *restrict normal = v->normal + j * wide, mean = running[j], variance = var[j];
    if (train) mean = dot(n, z, 0) * share;
    EACH(i, wide) normal[i] = z[i] - mean;
    if (train) {
      variance = dot(n, normal, normal) * share;
      running[j] = momentum * running[j] + (1 - momentum) * mean;
      var[j] = momentum * var[j] + (1 - momentum) * variance;
    }
    real deviation = v->deviation[j] = SQRT(variance + epsilon), scale = gamma[j], shift = beta[j];
    EACH(i, wide) normal[i] /= deviation, z[i] = FMA(scale, normal[i], shift);
  }
}

/* In place of d: (d - dbeta / n - normal dgamma / n) gamma / deviation. */
static void normalize_backward(int n, int size, const real *gamma, const Values *v, real *d, real *dgamma,
                               real *dbeta) {
  integer wide = padded(n);
  real share = 1 / (real)n;
  EACH(j, size) {
    real *restrict own = d + j * wide, *restrict normal = v->normal + j * wide, factor = gamma[j] / v->deviation[j];
    real a = dgamma[j] = dot(n, own, normal), b = dbeta[j] = dot(n, own, 0);
    EACH(i, wide) own[i] = FMA(-normal[i], a * share, own[i] - b * share) * factor;
  }
}

/* The scores (C, n) in the last z. W: blocks; u: the uniform numbers of the step, in training with dropout. */
static void forward(const Model *m, const real *W, int n, const real *x, Values *v, const real *u, real rate,
                    real *running, int train) {
  integer wide = padded(n);
  EACH(l, m->layers) {
    int in = m->sizes[l], out = m->sizes[l + 1], width = padded(out);
    const real *b = W + (integer)in * width, *gamma = b + width, *beta = gamma + width;
    int last = l + 1 == m->layers, relu = !last && m->activation == RELU && !m->batch_norm;
    Finish add = {.step = relu ? BIAS_AND_RELU : ADD_BIAS, .bias = b};
    product(out, n, in, W, 1, width, l ? v[l - 1].h : x, v[l].z, add); /* z = W^T x + b */
    if (last) return;
    if (m->batch_norm) normalize(m, n, out, gamma, beta, running, train, &v[l]), running += 2 * out;
    if (!relu) activate(m, out * wide, v[l].z, v[l].y);
    if (u) drop(out * wide, v[l].y, u, rate, v[l].h), u += out * wide;
    W += block_size(m, l);
  }
}

/* ---- Losses of n samples from `at`, with the scores z or y (C, n); PAD samples at once. ---- */

#define GROUPS(i, n) for (int i = 0, count; count = (n) - i < PAD ? (n) - i : PAD, count > 0; i += PAD)
#define LANE(c, a) a[(c) * wide + i + j] /* of sample j of a group */

/* top = max z, at `best`, as argmax finds it; sum = the sum of exp(z - top), which go into p if there is one. */
INLINE void exponentials(int C, integer wide, int i, const real *z, real *p, real *top, bits *best, real *sum) {
  EACH(j, PAD) top[j] = LANE(0, z), best[j] = 0, sum[j] = 0;
  EACH(c, C) EACH(j, PAD) {
    int more = LANE(c, z) > top[j];
    best[j] = more ? c : best[j], top[j] = more ? LANE(c, z) : top[j];
  }
  EACH(c, C) EACH(j, PAD) {
    real e = exponential(LANE(c, z) - top[j]);
    sum[j] += e;
    if (p) LANE(c, p) = e;
  }
}

INLINE real limited(real x, real most) { return x > most ? most : x < -most ? -most : x; }
INLINE real expected(real z) { return exponential(limited(z, 30)); } /* As in zerokara.nn.layers.exponential. */

/* d = d loss / dz, the mean over the samples. With label smoothing s: p - q, q = (1 - s) [c = t] + s / C. */
static void loss_backward(const Model *m, const Samples *s, integer at, int n, real smooth, const real *z, real *d) {
  int C = m->sizes[m->layers], classes = m->loss == SOFTMAX_CROSS_ENTROPY;
  integer wide = padded(n);
  real delta = (real)m->delta;
  GROUPS(i, n) {
    const int *label = (const int *)s->t + at + i;
    const real *t = (const real *)s->t + (at + i) * C;
    real scale[PAD] = {0}, top[PAD], sum[PAD];
    bits best[PAD];
    EACH(j, count) scale[j] = s->weights ? s->weights[at + i + j] / n : 1 / (real)n;
    if (classes) {
      if (s->class_weights) EACH(j, count) scale[j] *= s->class_weights[label[j]];
      exponentials(C, wide, i, z, d, top, best, sum);
      EACH(c, C) EACH(j, PAD) LANE(c, d) = scale[j] * (LANE(c, d) / sum[j] - smooth / C);
      EACH(j, count) LANE(label[j], d) -= scale[j] * (1 - smooth);
      continue;
    }
    EACH(c, C) EACH(j, PAD) {
      real y = LANE(c, z), own = j < count ? t[j * C + c] : 0, e = y - own;
      switch (m->loss) {
        case SIGMOID_CROSS_ENTROPY: e = sigmoid(y) - own; break;
        case ABSOLUTE_ERROR: e = y == own ? 0 : y > own ? 1 : y < own ? -1 : y; break;
        case HUBER: e = limited(e, delta); break;
        case POISSON_ERROR: e = expected(y) - own;
      }
      LANE(c, d) = scale[j] * e;
    }
  }
}

/* Add the weighted losses of scores y, in rows of `wide` numbers, without smoothing. To `tally` add the weights of the
   right samples, or in regression the squared errors (C). */
void EXPORT(judge)(const Model *m, const Samples *s, integer at, int n, integer wide, const real *y, double *loss,
                   double *tally) {
  int C = m->sizes[m->layers], classes = m->loss == SOFTMAX_CROSS_ENTROPY;
  real delta = (real)m->delta;
  GROUPS(i, n) {
    const int *label = (const int *)s->t + at + i;
    const real *t = (const real *)s->t + (at + i) * C;
    real each[PAD] = {0}, own[PAD] = {0}, top[PAD], sum[PAD];
    bits best[PAD];
    double weight[PAD];
    int right[PAD];
    EACH(j, count) weight[j] = s->weights ? s->weights[at + i + j] : 1, right[j] = 1;
    if (classes) {
      exponentials(C, wide, i, y, 0, top, best, sum);
      EACH(j, count) own[j] = LANE(label[j], y);
      EACH(j, PAD) each[j] = logarithm(sum[j]) - (own[j] - top[j]);
      EACH(j, count) right[j] = best[j] == label[j] && each[j] == each[j];
      if (s->class_weights) EACH(j, count) each[j] *= s->class_weights[label[j]];
    } else {
      EACH(c, C) EACH(j, count) {
        real score = LANE(c, y), wanted = t[j * C + c], e = score - wanted, size = ABS(e);
        real part = size > delta ? delta : size; /* within Huber's delta */
        right[j] &= (score > 0) == (wanted > 0);
        if (m->loss > SIGMOID_CROSS_ENTROPY) tally[c] += weight[j] * ((double)e * e);
        switch (m->loss) {
          case SIGMOID_CROSS_ENTROPY:
            each[j] += (score > 0 ? score : 0) + logarithm(1 + exponential(-ABS(score))) - wanted * score;
            break;
          case SQUARED_ERROR: each[j] += (real)0.5 * (e * e); break;
          case ABSOLUTE_ERROR: each[j] += size; break;
          case HUBER: each[j] += part * ((real)0.5 * part) + delta * (size - part); break;
          case POISSON_ERROR: each[j] += score - wanted * logarithm(score);
        }
      }
    }
    EACH(j, count) *loss += weight[j] * each[j];
    if (m->loss <= SIGMOID_CROSS_ENTROPY) EACH(j, count) *tally += weight[j] * right[j];
  }
}

/* ---- Optimizers. ---- */

typedef struct { real lr, epsilon, momentum, beta1, beta2, decay_rate, weight_decay, keep; } Rates; /* of one step */

/* x^n by squaring: the same bits on every system, as no pow is. */
static double power(double x, integer n) {
  double y = 1;
  for (; n; n >>= 1, x *= x)
    if (n & 1) y *= x;
  return y;
}

static Rates rates_of(const Model *m, const Numbers *h, double factor, integer t) {
  double lr = h->lr * factor, keep = 1 - lr * h->weight_decay, epsilon = 1e-8;
  if (m->optimizer >= ADAM) { /* The corrections of both averages, in one rate and one epsilon. */
    double root = __builtin_sqrt((1 - h->beta2) / (1 - power(h->beta2, t)));
    lr = lr * (1 - h->beta1) / (1 - power(h->beta1, t)) / root;
    epsilon /= root;
  }
  return (Rates){(real)lr, (real)epsilon, (real)h->momentum, (real)h->beta1, (real)h->beta2, (real)h->decay_rate,
                 (real)h->weight_decay, (real)keep};
}

/* Update n weights W from their gradients g and the optimizer's states a and b. */
static void update(int optimizer, Rates r, int decayed, integer n, real *restrict W, real *restrict g,
                   real *restrict a, real *restrict b) {
  if (decayed && r.weight_decay > 0) {
    if (optimizer == ADAMW) EACH(i, n) W[i] *= r.keep;
    else EACH(i, n) g[i] = FMA(r.weight_decay, W[i], g[i]);
  }
  switch (optimizer) {
    case SGD: EACH(i, n) W[i] = FMA(-r.lr, g[i], W[i]); break;
    case MOMENTUM: EACH(i, n) a[i] = FMA(r.momentum, a[i], -r.lr * g[i]), W[i] += a[i]; break;
    case NESTEROV: EACH(i, n) {
      a[i] = FMA(r.momentum, a[i], -r.lr * g[i]);
      W[i] += FMA(r.momentum, a[i], -r.lr * g[i]);
    } break;
    case ADAGRAD: EACH(i, n) a[i] = FMA(g[i], g[i], a[i]), W[i] -= r.lr * g[i] / (SQRT(a[i]) + r.epsilon); break;
    case RMSPROP: EACH(i, n) {
      a[i] = FMA(r.decay_rate, a[i], (1 - r.decay_rate) * g[i] * g[i]);
      W[i] -= r.lr * g[i] / (SQRT(a[i]) + r.epsilon);
    } break;
    default: EACH(i, n) {
      a[i] = FMA(r.beta1, a[i], g[i]);
      b[i] = FMA(r.beta2, b[i], g[i] * g[i]);
      W[i] = FMA(-r.lr, a[i] / (SQRT(b[i]) + r.epsilon), W[i]);
    }
  }
}

/* Limit the norm of a gradient g (n); the squares are summed in PAD lanes. */
static void clip(integer n, real *g, double limit) {
  double lanes[PAD] = {0}, sum = 0;
  for (integer i = 0; i < n; i += PAD) EACH(j, PAD) lanes[j] = __builtin_fma(g[i + j], g[i + j], lanes[j]);
  EACH(j, PAD) sum += lanes[j];
  double norm = __builtin_sqrt(sum);
  if (norm > limit) EACH(i, n) g[i] *= (real)(limit / norm);
}

/* Values too small to change a sum become 0: denormal numbers are slow. */
static void flush(integer n, real *a) {
  const real least = (real)(SINGLE ? 9.86076131526264760e-32 : 1.00208418000448639e-292); /* tiny / eps */
  EACH(i, n) a[i] = ABS(a[i]) < least ? 0 : a[i];
}

/* ---- One step of one network, and the calls from Python. ---- */

typedef struct {
  Values v[MOST_LAYERS];
  real *x, *u, *W, *g, *states[2], *d, *next, *rows; /* rows: the gradient d (out, n) as (n, out) */
} Space;

static integer hidden_units(const Model *m) {
  integer units = 0;
  EACH(l, m->layers - 1) units += m->sizes[l + 1];
  return units;
}

static integer tally_size(const Model *m) { return m->loss <= SIGMOID_CROSS_ENTROPY ? 1 : m->sizes[m->layers]; }

/* Divide scratch memory among the arrays of a network with n samples, and the x and u of `chunks` times as many; return
   how many numbers it must have. In evaluation, every other layer has the same arrays. */
static integer divide(const Model *m, int n, int chunks, int train, real *scratch, Space *s) {
  real *at = (real *)(((unsigned long long)scratch + 63) / 64 * 64), *start = at;
  integer most = 0, size = packed_size(m), wide = padded(n);
#define CUT(count) (at += ((count) + PAD - 1) / PAD * PAD, at - ((count) + PAD - 1) / PAD * PAD)
  EACH(l, m->layers) most = m->sizes[l + 1] > most ? m->sizes[l + 1] : most;
  s->W = CUT(size), s->x = CUT(chunks * m->sizes[0] * wide);
  EACH(l, m->layers) {
    integer units = train ? m->sizes[l + 1] : most, hidden = l + 1 < m->layers;
    Values *v = &s->v[l];
    if (l > 1 && !train) {
      *v = s->v[l - 2];
      continue;
    }
    v->z = v->y = v->h = CUT(units * wide);
    if (hidden && m->activation == GELU) v->y = v->h = CUT(units * wide);
    if (hidden && m->dropout && train) v->h = CUT(units * wide);
    if (hidden && m->batch_norm) v->normal = CUT(units * wide), v->deviation = CUT(units);
  }
  if (train) {
    if (m->dropout) s->u = CUT(chunks * hidden_units(m) * wide);
    s->g = CUT(size);
    s->d = CUT(most * wide), s->next = CUT(most * wide), s->rows = CUT(padded((int)most) * wide);
    EACH(i, m->states) s->states[i] = CUT(size);
  }
  return at - start + 64;
}

integer EXPORT(scratch_size)(const Model *m, int n, int chunks, int train) {
  return divide(m, n, chunks, train, 0, &(Space){0});
}

static void update_block(const Model *m, int l, integer at, const Rates *r, int done, Space *s) {
  integer W = (integer)m->sizes[l] * padded(m->sizes[l + 1]), rest = at + W;
  real *a = m->states > 0 ? s->states[0] : s->g, *b = m->states > 1 ? s->states[1] : s->g; /* never 0 */
  if (!done) update(m->optimizer, *r, 1, W, s->W + at, s->g + at, a + at, b + at);
  update(m->optimizer, *r, 0, block_size(m, l) - W, s->W + rest, s->g + rest, a + rest, b + rest);
}

/* From the gradient of the scores, s->d, to new parameters. u: the end of the step's uniform numbers. */
static void backward(const Model *m, const Numbers *h, const Rates *r, int n, const real *x, const real *u, Space *s) {
  integer at = packed_size(m);
  int wide = padded(n), in_place = m->optimizer == SGD && h->clip_norm == 0;
  int relu = m->activation == RELU && !m->dropout && !m->batch_norm;
  for (int l = m->layers - 1; l >= 0; l--) {
    int in = m->sizes[l], out = m->sizes[l + 1], width = padded(out);
    integer size = (integer)in * wide;
    Values *v = l ? &s->v[l - 1] : 0;
    at -= block_size(m, l);
    real *W = s->W + at, *g = s->g + at;
    if (l) { /* dx = W dout, before W changes */
      Finish masked = {.step = relu ? RELU_BACKWARD : PLAIN, .y = v->y};
      product(in, n, out, W, width, 1, s->d, s->next, masked);
    }
    Finish step = {.step = in_place ? SGD_STEP : PLAIN, .lr = r->lr, .keep = r->keep};
    transpose(out, wide, s->d, wide, s->rows, width);
    product(in, out, n, l ? v->h : x, wide, 1, s->rows, in_place ? W : g, step); /* dW = x dout^T */
    column_sums(n, width, s->rows, g + (integer)in * width);
    if (h->clip_norm == 0) update_block(m, l, at, r, in_place, s);
    if (!l) break;
    if (m->dropout) u -= size, drop(size, s->next, u, (real)h->dropout, s->next);
    if (!relu) activate_backward(m, size, v->z, v->y, s->next);
    if (m->batch_norm) {
      integer before = padded(in), gamma = at - 2 * before;
      normalize_backward(n, in, s->W + gamma, v, s->next, s->g + gamma, s->g + gamma + before);
    }
    real *swap = s->d;
    s->d = s->next, s->next = swap;
  }
  if (h->clip_norm == 0) return;
  clip(packed_size(m), s->g, h->clip_norm);
  for (int l = 0; l < m->layers; at += block_size(m, l++)) update_block(m, l, at, r, 0, s);
}

/* Transpose the samples of each step, and the uniform numbers of each of its layers. */
static void transpose_steps(const Model *m, int steps, const int *rows, int most, const real *x, const real *u,
                            Space *s) {
  integer wide = padded(most), units = hidden_units(m);
  EACH(k, steps) {
    int n = rows[k], in = m->sizes[0];
    transpose(n, in, x, in, s->x + k * in * wide, padded(n));
    x += (integer)n * in;
    real *to = s->u + k * units * wide;
    if (u) EACH(l, m->layers - 1) {
        int size = m->sizes[l + 1];
        transpose(n, size, u, size, to, padded(n));
        u += (integer)n * size, to += (integer)size * padded(n);
      }
  }
}

#define CHUNKS(at, n, x) /* of the samples from `first` to `end`; x: where they are, transposed */ \
  for (integer at = first, n; n = end - at < chunk ? end - at : chunk, at < end; at += n, x += in * padded(chunk))

static void transpose_chunks(const Model *m, const Samples *samples, integer first, integer end, int chunk, real *x) {
  integer in = m->sizes[0];
  CHUNKS(at, n, x) transpose((int)n, (int)in, samples->x + at * in, (int)in, x, padded((int)n));
}

/* Evaluate one network on them: judge its scores, if `loss` is given, with its tally (1 or C); set `scores` (N, C), if
   they are given. */
static void evaluate_chunks(const Model *m, const Samples *samples, integer first, integer end, int chunk,
                            const real *W, real *running, Space *s, double *loss, double *tally, real *scores) {
  integer in = m->sizes[0], C = m->sizes[m->layers];
  real *z = s->v[m->layers - 1].z, *x = s->x;
  CHUNKS(at, n, x) {
    integer wide = padded((int)n);
    forward(m, W, (int)n, x, s->v, 0, 0, running, 0);
    if (m->exponential) EACH(i, C * wide) z[i] = expected(z[i]);
    if (scores) EACH(i, n) EACH(c, C) scores[(at + i) * C + c] = z[c * wide + i];
    if (loss) EXPORT(judge)(m, samples, at, (int)n, wide, z, loss, tally);
  }
}

/* Samples on which each network is evaluated, `chunk` of them at once: loss (P), tally (P, 1 or C). */
typedef struct { Samples samples; integer N; int chunk, chunks; real *scratch; double *loss, *tally; } Part;
enum { MOST_PARTS = 2 };

/* Train P networks for some steps, one network after another; then evaluate each on some parts, while the processor's
   cache has its weights. rows: the samples of each step, which follow each other; most: the largest of them; u: for
   each step the uniform numbers of each dropout layer; factors: of the schedule; t: steps before. params and each of
   the states: (P, size); running: (P, mean and var of each layer); finite: whether all parameters are (P). */
void EXPORT(train)(const Model *m, int P, int steps, const int *rows, int most, const Samples *samples, const real *u,
                   const double *factors, integer t, const Numbers *numbers, real *params, real **states, real *running,
                   real *scratch, int *finite, int parts, const Part *part) {
  Space s = {0}, spaces[MOST_PARTS];
  integer units = hidden_units(m), wide = padded(most), tallies = tally_size(m);
  divide(m, most, steps, 1, scratch, &s);
  transpose_steps(m, steps, rows, most, samples->x, u, &s);
  memset(s.g, 0, sizeof(real) * packed_size(m)); /* What lies beyond its rows stays 0. */
  EACH(i, parts) {
    divide(m, part[i].chunk, part[i].chunks, 0, part[i].scratch, &spaces[i]);
    transpose_chunks(m, &part[i].samples, 0, part[i].N, part[i].chunk, spaces[i].x);
  }
  EACH(p, P) {
    const Numbers *h = numbers + p;
    real *own = params + p * m->size, *statistics = m->batch_norm ? running + p * 2 * units : 0;
    pack(m, own, s.W, 0);
    EACH(i, m->states) pack(m, states[i] + p * m->size, s.states[i], 0);
    integer at = 0;
    EACH(k, steps) {
      int n = rows[k];
      const real *x = s.x + k * m->sizes[0] * wide, *uniforms = m->dropout ? s.u + k * units * wide : 0;
      Rates r = rates_of(m, h, factors[k], t + k + 1);
      forward(m, s.W, n, x, s.v, uniforms, (real)h->dropout, statistics, 1);
      loss_backward(m, samples, at, n, (real)h->label_smoothing, s.v[m->layers - 1].z, s.d);
      backward(m, h, &r, n, x, uniforms ? uniforms + units * padded(n) : 0, &s);
      if ((t + k + 1) % 100 == 0) {
        flush(packed_size(m), s.W);
        EACH(i, m->states) flush(packed_size(m), s.states[i]);
      }
      at += n;
    }
    EACH(i, parts) evaluate_chunks(m, &part[i].samples, 0, part[i].N, part[i].chunk, s.W, statistics, &spaces[i],
                                   part[i].loss + p, part[i].tally + p * tallies, 0);
    pack(m, own, s.W, 1);
    EACH(i, m->states) pack(m, states[i] + p * m->size, s.states[i], 1);
    finite[p] = 1;
    EACH(i, m->size) finite[p] &= own[i] - own[i] == 0;
  }
}

/* Evaluate P networks: judge their scores, if `loss` (P) is given, with their tally (P, 1 or C); set `scores`
   (P, N, C), if they are given. chunks: those that are transposed at once. */
void EXPORT(evaluate)(const Model *m, int P, integer N, int chunk, int chunks, const Samples *samples, real *params,
                      real *running, real *scratch, double *loss, double *tally, real *scores) {
  Space s = {0};
  integer C = m->sizes[m->layers], units = hidden_units(m), tallies = tally_size(m);
  divide(m, chunk, chunks, 0, scratch, &s);
  for (integer first = 0, end; first < N; first = end) {
    end = N - first < (integer)chunks * chunk ? N : first + (integer)chunks * chunk;
    transpose_chunks(m, samples, first, end, chunk, s.x);
    EACH(p, P) {
      pack(m, params + p * m->size, s.W, 0);
      evaluate_chunks(m, samples, first, end, chunk, s.W, m->batch_norm ? running + p * 2 * units : 0, &s,
                      loss ? loss + p : 0, tally ? tally + p * tallies : 0, scores ? scores + p * N * C : 0);
    }
  }
}
#endif
