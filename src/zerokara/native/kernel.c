/* The compiled epoch: one network at a time through its training steps, in the processor's second-level cache.

   The NumPy layers (zerokara.nn, zerokara.optim) define what is computed here. A network is Affine, [BatchNorm],
   activation, [Dropout] for each hidden layer, and a last Affine; its loss and optimizer are any of the package's.

   The bits are the same on every processor with fused multiply-adds, for every vector width and compiler: each element
   of a matrix product is one chain of multiply-adds in the order of k; each fused operation is written as FMA and the
   compiler fuses no other (-ffp-contract=off); exp, log and tanh are defined here. No function of a library is called.

   Names are those of the book: x, W (in, out), b, dout; n samples in a step. Inside, samples lie along the rows, x is
   (in, n): vectors hold samples, and W is read number by number, in any layout. Rows are padded to a multiple of PAD
   numbers; what lies beyond the n-th sample is never used. Outside, the arrays are those of `Network`. */
#ifdef DISPATCH
#include "kernel/features.h"
#else
#include "kernel/elementary.h"
#include "kernel/products.h"
#include "kernel/model.h"
#include "kernel/layers.h"
#include "kernel/uniforms.h"
#include "kernel/losses.h"
#include "kernel/optimizers.h"

/* One step of one network, and the calls from Python. */

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
