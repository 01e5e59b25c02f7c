/* Losses of n samples from `at`, with the scores z or y (C, n); PAD samples at once. */

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
