/* Optimizers: the rates of one step, its update, and the limits of gradients. */

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
