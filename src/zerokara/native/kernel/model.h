/* What the networks of a population have in common, as zerokara.native.compiled fills it in; and their parameters. */

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
