/* Layers: z goes into the activation, y comes out, h is y after dropout and enters the next layer. */

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
