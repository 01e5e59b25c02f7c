/* The compiled epoch: one network at a time through its training steps, in the processor's second-level cache.

   The NumPy layers (zerokara.nn, zerokara.optim) define what is computed here. A network is Affine, [BatchNorm],
   activation, [Dropout] for each hidden layer, and a last Affine; its loss and optimizer are any of the package's.

   The bits are the same on every processor with fused multiply-adds, for every vector width and compiler: each element
   of a matrix product is one chain of multiply-adds in the order of k; each fused operation is written as FMA and the
   compiler fuses no other (-ffp-contract=off); exp, log and tanh are defined here. No function of a library is called.

   Names and shapes are those of the book: x (n, in), W (in, out), b (1, out), dout; n samples in a step. Inside, the
   rows of a matrix are padded with zeros to a multiple of PAD numbers; outside, the arrays are those of `Network`. */
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
#define CELLS(n, width) EACH(i, n) EACH(j, width) /* of a matrix (n, width) ... */
#define AT(a) a[i * width + j]                    /* ... each of its numbers */
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
  const real *bias, *y; /* ADD_BIAS: C + bias. RELU_BACKWARD: C where y > 0, else 0. */
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

#if BYTES == 64
enum { TILE_ROWS = 8, TILE_VECTORS = 4 };
#elif BYTES == 32
enum { TILE_ROWS = 6, TILE_VECTORS = 2 };
#else
enum { TILE_ROWS = 4, TILE_VECTORS = 4 };
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
      if (f->step == ADD_BIAS || f->step == BIAS_AND_RELU) y += load(f->bias + at);
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

static void product(int M, int width, int K, const real *A, integer down, integer right, const real *B, real *C,
                    Finish f) {
  int left = width / LANES;
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

/* T (columns, rows) = W (rows, width), in padded rows. */
static void transpose(int rows, int columns, const real *W, int width, real *T, int wide) {
  for (int r0 = 0; r0 < rows; r0 += PAD)
    for (int c0 = 0; c0 < columns; c0 += PAD) {
#if BYTES == 64
      if (SINGLE) { /* Rows i and i + 8 are interleaved four times: then they are columns. */
#define PAIR(k) k, 16 + k
#define HALF(k) PAIR(k), PAIR(k + 1), PAIR(k + 2), PAIR(k + 3), PAIR(k + 4), PAIR(k + 5), PAIR(k + 6), PAIR(k + 7)
        typedef float row __attribute__((vector_size(64)));
        row now[PAD], next[PAD];
        EACH(i, PAD) now[i] = r0 + i < rows ? (row)load(W + (r0 + i) * width + c0) : (row){0};
#pragma GCC unroll 4
        for (int stage = 0; stage < 4; stage++) {
#pragma GCC unroll 8
          for (int i = 0; i < 8; i++) {
            next[2 * i] = __builtin_shufflevector(now[i], now[i + 8], HALF(0));
            next[2 * i + 1] = __builtin_shufflevector(now[i], now[i + 8], HALF(8));
          }
#pragma GCC unroll 16
          for (int i = 0; i < PAD; i++) now[i] = next[i];
        }
        EACH(i, PAD) *(unaligned *)(T + (c0 + i) * wide + r0) = (vector)now[i];
        continue;
      }
#endif
      for (integer c = c0; c < c0 + PAD; c++)
        for (integer r = r0; r < r0 + PAD; r++) T[c * wide + r] = r < rows ? W[r * width + c] : 0;
    }
}

/* s (1, width) = the sums of the columns of d (n, width). */
static void column_sums(int n, int width, const real *d, real *s) {
  memset(s, 0, sizeof(real) * width);
  CELLS(n, width) s[j] += AT(d);
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

/* Inside, a layer is a block of rows: W (in, out), then b and, with batch norm, gamma and beta. */
static inline int padded(int n) { return (n + PAD - 1) / PAD * PAD; }
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
    case RELU: EACH(i, n) y[i] = z[i] > 0 ? z[i] : z[i] == z[i] ? 0 : z[i]; break;
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
void EXPORT(uniforms)(int streams, int words, const unsigned *entropy, const integer *sizes, float *u) {
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
      *u++ = (float)((unsigned)folded >> 8) * 0x1p-24f;
      if (left > 1) *u++ = (float)(folded >> 40) * 0x1p-24f;
    }
  }
}

/* y (n, size) = x / (1 - rate) where the uniform number u >= rate, else 0. The backward pass is the same. */
static void drop(int n, int size, const real *x, const float *u, real rate, real *y) {
  int width = padded(size);
  real scale = 1 / (1 - rate);
  CELLS(n, size) AT(y) = u[i * size + j] >= rate ? AT(x) * scale : 0;
}

/* Batch norm, in place of z: gamma normal + beta, normal = (z - mean) / deviation; `running` has mean, then var. */
static void normalize(const Model *m, int n, int size, const real *gamma, real *running, int train, Values *v) {
  int width = padded(size);
  real *z = v->z, *normal = v->normal, *s = v->deviation, *var = running + size, share = 1 / (real)n;
  const real *beta = gamma + width, momentum = (real)m->bn_momentum, epsilon = (real)1e-5;
  if (train) {
    column_sums(n, width, z, s);
    EACH(j, size) running[j] = momentum * running[j] + (1 - momentum) * (s[j] * share);
    CELLS(n, width) AT(normal) = AT(z) - s[j] * share;
    memset(s, 0, sizeof(real) * width);
    CELLS(n, width) s[j] = FMA(AT(normal), AT(normal), s[j]);
    EACH(j, size) var[j] = momentum * var[j] + (1 - momentum) * (s[j] * share);
    EACH(j, width) s[j] = SQRT(s[j] * share + epsilon);
  } else {
    EACH(j, size) s[j] = SQRT(var[j] + epsilon);
    CELLS(n, size) AT(normal) = AT(z) - running[j];
  }
  CELLS(n, size) AT(normal) /= s[j], AT(z) = FMA(gamma[j], AT(normal), beta[j]);
}

/* g: dgamma and dbeta. In place of d: (d - dbeta / n - normal dgamma / n) gamma / deviation. */
static void normalize_backward(int n, int size, const real *gamma, const Values *v, real *d, real *g) {
  int width = padded(size);
  real *normal = v->normal, *dbeta = g + width, share = 1 / (real)n;
  memset(g, 0, sizeof(real) * width);
  column_sums(n, width, d, dbeta);
  CELLS(n, width) g[j] = FMA(AT(d), AT(normal), g[j]);
  CELLS(n, size) AT(d) = FMA(-AT(normal), g[j] * share, AT(d) - dbeta[j] * share) * (gamma[j] / v->deviation[j]);
}

/* The scores (n, C), padded, in the last z. u: the uniform numbers of the step, in training with dropout. */
static void forward(const Model *m, const real *packed, int n, const real *x, Values *v, const float *u, real rate,
                    real *running, int train) {
  EACH(l, m->layers) {
    int in = m->sizes[l], out = m->sizes[l + 1], width = padded(out), last = l + 1 == m->layers;
    const real *b = packed + (integer)in * width;
    int relu = !last && m->activation == RELU && !m->batch_norm;
    Finish add = {.step = relu ? BIAS_AND_RELU : ADD_BIAS, .bias = b};
    product(n, width, in, l ? v[l - 1].h : x, l ? padded(in) : in, 1, packed, v[l].z, add);
    packed += block_size(m, l);
    if (last) return;
    if (m->batch_norm) normalize(m, n, out, b + width, running, train, &v[l]), running += 2 * out;
    if (!relu) activate(m, (integer)n * width, v[l].z, v[l].y);
    if (u) drop(n, out, v[l].y, u, rate, v[l].h), u += (integer)n * out;
  }
}

/* ---- Losses of sample `at` with the scores z (C). ---- */

/* p = exp(z - top), top = max z; the probabilities are p / sum. */
INLINE real exponentials(int C, const real *z, real *p, real *top) {
  real most = z[0], sum = 0;
  EACH(c, C) most = z[c] > most ? z[c] : most;
  EACH(c, C) p[c] = exponential(z[c] - most);
  EACH(c, C) sum += p[c];
  *top = most;
  return sum;
}

INLINE real limited(real x, real most) { return x > most ? most : x < -most ? -most : x; }
INLINE real expected(real z) { return exponential(limited(z, 30)); } /* As in zerokara.nn.layers.exponential. */

/* d = d loss_n / dz, times `scale`. With label smoothing s: p - q, q = (1 - s) [c = t] + s / C. */
static void loss_backward(const Model *m, const Samples *s, integer at, real smooth, const real *z, real scale,
                          real *d) {
  int C = m->sizes[m->layers];
  real top, delta = (real)m->delta;
  if (m->loss == SOFTMAX_CROSS_ENTROPY) {
    int t = ((const int *)s->t)[at];
    real sum = exponentials(C, z, d, &top);
    if (s->class_weights) scale *= s->class_weights[t];
    EACH(c, C) d[c] = scale * (d[c] / sum - smooth / C);
    d[t] -= scale * (1 - smooth);
    return;
  }
  const real *t = (const real *)s->t + at * C;
  switch (m->loss) {
    case SIGMOID_CROSS_ENTROPY: EACH(c, C) d[c] = scale * (sigmoid(z[c]) - t[c]); break;
    case SQUARED_ERROR: EACH(c, C) d[c] = scale * (z[c] - t[c]); break;
    case ABSOLUTE_ERROR: EACH(c, C) d[c] = z[c] == t[c] ? 0 : z[c] > t[c] ? scale : z[c] < t[c] ? -scale : z[c]; break;
    case HUBER: EACH(c, C) d[c] = scale * limited(z[c] - t[c], delta); break;
    case POISSON_ERROR: EACH(c, C) d[c] = scale * (expected(z[c]) - t[c]);
  }
}

/* The weighted loss of a sample with these scores y (C), without smoothing. Adds to `tally` the weight of a right
   sample, or in regression its squared errors (C). */
static double loss_forward(const Model *m, const Samples *s, integer at, const real *y, double *tally) {
  int C = m->sizes[m->layers], right = 1;
  double weight = s->weights ? s->weights[at] : 1;
  real loss = 0, delta = (real)m->delta;
  if (m->loss == SOFTMAX_CROSS_ENTROPY) {
    int t = ((const int *)s->t)[at];
    real top = y[0], sum = 0;
    EACH(c, C) top = y[c] > top ? y[c] : top;
    EACH(c, C) sum += exponential(y[c] - top);
    EACH(c, t) right &= y[c] < top; /* Of equal scores the first counts, as in argmax. */
    *tally += weight * (right && y[t] == top);
    loss = logarithm(sum) - (y[t] - top);
    return weight * (s->class_weights ? loss * s->class_weights[t] : loss);
  }
  const real *t = (const real *)s->t + at * C;
  EACH(c, C) {
    real e = y[c] - t[c], size = ABS(e), part = size > delta ? delta : size; /* part: within Huber's delta */
    right &= (y[c] > 0) == (t[c] > 0);
    if (m->loss > SIGMOID_CROSS_ENTROPY) tally[c] += weight * ((double)e * e);
    switch (m->loss) {
      case SIGMOID_CROSS_ENTROPY:
        loss += (y[c] > 0 ? y[c] : 0) + logarithm(1 + exponential(-ABS(y[c]))) - t[c] * y[c];
        break;
      case SQUARED_ERROR: loss += (real)0.5 * (e * e); break;
      case ABSOLUTE_ERROR: loss += size; break;
      case HUBER: loss += part * ((real)0.5 * part) + delta * (size - part); break;
      case POISSON_ERROR: loss += y[c] - t[c] * logarithm(y[c]);
    }
  }
  if (m->loss == SIGMOID_CROSS_ENTROPY) *tally += weight * right;
  return weight * loss;
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

typedef struct { Values v[MOST_LAYERS]; real *W, *g, *states[2], *d, *next, *transposed; } Space;

/* Divide scratch memory among the arrays of a network with n samples; return how many numbers it must have. */
static integer divide(const Model *m, int n, int train, real *scratch, Space *s) {
  real *at = (real *)(((unsigned long long)scratch + 63) / 64 * 64), *start = at;
  integer most = 0, largest = 0, size = packed_size(m);
#define CUT(count) (at += ((count) + PAD - 1) / PAD * PAD, at - ((count) + PAD - 1) / PAD * PAD)
  EACH(l, m->layers) {
    integer width = padded(m->sizes[l + 1]), hidden = l + 1 < m->layers, before = padded(m->sizes[l]);
    Values *v = &s->v[l];
    most = width > most ? width : most;
    if (l && before * width > largest) largest = before * width;
    v->z = v->y = v->h = CUT(n * width);
    if (hidden && m->activation == GELU) v->y = v->h = CUT(n * width);
    if (hidden && m->dropout && train) v->h = CUT(n * width);
    if (hidden && m->batch_norm) v->normal = CUT(n * width), v->deviation = CUT(width);
  }
  s->W = CUT(size), s->d = CUT(n * most);
  if (train) {
    s->g = CUT(size), s->next = CUT(n * most), s->transposed = CUT(largest);
    EACH(i, m->states) s->states[i] = CUT(size);
  }
  return at - start + 64;
}

integer EXPORT(scratch_size)(const Model *m, int n, int train) { return divide(m, n, train, 0, &(Space){0}); }

static void update_block(const Model *m, int l, integer at, const Rates *r, int done, Space *s) {
  integer W = (integer)m->sizes[l] * padded(m->sizes[l + 1]), rest = at + W;
  real *a = m->states > 0 ? s->states[0] : s->g, *b = m->states > 1 ? s->states[1] : s->g; /* never 0 */
  if (!done) update(m->optimizer, *r, 1, W, s->W + at, s->g + at, a + at, b + at);
  update(m->optimizer, *r, 0, block_size(m, l) - W, s->W + rest, s->g + rest, a + rest, b + rest);
}

/* From the gradient of the scores, s->d, to new parameters. u: the end of the step's uniform numbers. */
static void backward(const Model *m, const Numbers *h, const Rates *r, int n, const real *x, const float *u, Space *s) {
  integer at = packed_size(m);
  int in_place = m->optimizer == SGD && h->clip_norm == 0;
  int relu = m->activation == RELU && !m->dropout && !m->batch_norm;
  for (int l = m->layers - 1; l >= 0; l--) {
    int in = m->sizes[l], out = m->sizes[l + 1], width = padded(out), before = padded(in);
    Values *v = l ? &s->v[l - 1] : 0;
    at -= block_size(m, l);
    real *W = s->W + at, *g = s->g + at;
    if (l) { /* dx = dout W^T, before W changes */
      transpose(in, out, W, width, s->transposed, before);
      Finish masked = {.step = relu ? RELU_BACKWARD : PLAIN, .y = v->y};
      product(n, before, out, s->d, width, 1, s->transposed, s->next, masked);
    }
    Finish step = {.step = in_place ? SGD_STEP : PLAIN, .lr = r->lr, .keep = r->keep};
    product(in, width, n, l ? v->h : x, 1, l ? before : in, s->d, in_place ? W : g, step); /* dW = x^T dout */
    column_sums(n, width, s->d, g + (integer)in * width);
    if (h->clip_norm == 0) update_block(m, l, at, r, in_place, s);
    if (!l) break;
    if (m->dropout) u -= (integer)n * in, drop(n, in, s->next, u, (real)h->dropout, s->next);
    if (!relu) activate_backward(m, (integer)n * before, v->z, v->y, s->next);
    if (m->batch_norm) {
      integer gamma = at - 2 * before;
      normalize_backward(n, in, s->W + gamma, v, s->next, s->g + gamma);
    }
    real *swap = s->d;
    s->d = s->next, s->next = swap;
  }
  if (h->clip_norm == 0) return;
  clip(packed_size(m), s->g, h->clip_norm);
  for (int l = 0; l < m->layers; at += block_size(m, l++)) update_block(m, l, at, r, 0, s);
}

/* Train P networks for some steps, one network after another. rows: the samples of each step, which follow each
   other; most: the largest of them; u: for each step the uniform numbers of each dropout layer; factors: of the
   schedule; t: steps before. params and each of the states: (P, size); running: (P, mean and var of each layer). */
void EXPORT(train)(const Model *m, int P, int steps, const int *rows, int most, const Samples *samples, const float *u,
                   const double *factors, integer t, const Numbers *numbers, real *params, real **states, real *running,
                   real *scratch) {
  Space s = {0};
  integer units = 0, width = padded(m->sizes[m->layers]), last = m->layers - 1;
  divide(m, most, 1, scratch, &s);
  EACH(l, last) units += m->sizes[l + 1];
  EACH(p, P) {
    const Numbers *h = numbers + p;
    real *statistics = m->batch_norm ? running + p * 2 * units : 0;
    pack(m, params + p * m->size, s.W, 0);
    EACH(i, m->states) pack(m, states[i] + p * m->size, s.states[i], 0);
    integer at = 0;
    EACH(k, steps) {
      int n = rows[k];
      const real *x = samples->x + at * m->sizes[0];
      const float *uniforms = m->dropout ? u + at * units : 0;
      Rates r = rates_of(m, h, factors[k], t + k + 1);
      forward(m, s.W, n, x, s.v, uniforms, (real)h->dropout, statistics, 1);
      memset(s.d, 0, sizeof(real) * n * width);
      EACH(i, n) {
        real scale = samples->weights ? samples->weights[at + i] / n : 1 / (real)n;
        loss_backward(m, samples, at + i, (real)h->label_smoothing, s.v[last].z + i * width, scale, s.d + i * width);
      }
      backward(m, h, &r, n, x, uniforms ? uniforms + n * units : 0, &s);
      if ((t + k + 1) % 100 == 0) {
        flush(packed_size(m), s.W);
        EACH(i, m->states) flush(packed_size(m), s.states[i]);
      }
      at += n;
    }
    pack(m, params + p * m->size, s.W, 1);
    EACH(i, m->states) pack(m, states[i] + p * m->size, s.states[i], 1);
  }
}

/* Set the scores (N, C) of one network. */
static void scores_of(const Model *m, integer N, int chunk, const real *x, real *statistics, Space *s, real *scores) {
  integer C = m->sizes[m->layers], width = padded(C);
  for (integer at = 0; at < N; at += chunk) {
    int n = N - at < chunk ? (int)(N - at) : chunk;
    forward(m, s->W, n, x + at * m->sizes[0], s->v, 0, 0, statistics, 0);
    const real *z = s->v[m->layers - 1].z;
    EACH(i, n) EACH(c, C) {
      real score = z[i * width + c];
      scores[(at + i) * C + c] = m->exponential ? expected(score) : score;
    }
  }
}

/* Add to the loss (1) the weighted losses of N samples with these scores (N, C); and to the tally (1) the weights of
   the right ones, or in regression their squared errors (C). */
void EXPORT(judge)(const Model *m, integer N, const Samples *samples, const real *scores, double *loss, double *tally) {
  EACH(i, N) *loss += loss_forward(m, samples, i, scores + i * m->sizes[m->layers], tally);
}

/* Set the scores (P, N, C), or without t those of one network after another (N, C), which are judged: loss (P),
   tally (P, 1 or C). */
void EXPORT(evaluate)(const Model *m, int P, integer N, int chunk, const Samples *samples, real *params, real *running,
                      real *scratch, double *loss, double *tally, real *scores) {
  Space s = {0};
  integer units = 0, C = m->sizes[m->layers];
  divide(m, chunk, 0, scratch, &s);
  EACH(l, m->layers - 1) units += m->sizes[l + 1];
  EACH(p, P) {
    real *own = scores + (samples->t ? 0 : p * N * C);
    pack(m, params + p * m->size, s.W, 0);
    scores_of(m, N, chunk, samples->x, m->batch_norm ? running + p * 2 * units : 0, &s, own);
    if (samples->t) EXPORT(judge)(m, N, samples, own, loss + p, tally + (m->loss <= SIGMOID_CROSS_ENTROPY ? p : p * C));
  }
}
#endif
