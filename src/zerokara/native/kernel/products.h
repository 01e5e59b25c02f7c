/* Matrix products: C (M, N) = A (M, K) B (K, N), then one of these steps. */

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
