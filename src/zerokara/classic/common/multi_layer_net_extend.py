"""The book's network with dropout and batch normalization. Source: Deep Learning from Scratch, sections 6.3 to 6.4."""

from collections.abc import Sequence
from typing import Any

from zerokara.arrays import Array
from zerokara.classic.common.multi_layer_net import MultiLayerNet


class MultiLayerNetExtend(MultiLayerNet):
    """For each hidden size Affine, BatchNorm, activation, Dropout; then Affine. Otherwise like `MultiLayerNet`.

    With batch norm ``params`` also has gamma1, beta1, ... The names, misspelled or not, are the course's.

    Args:
        use_dropout, dropout_ration: whether units are dropped in training, and which fraction.
        use_batchnorm: whether the inputs of each activation are normalized over the batch.

    >>> net = MultiLayerNetExtend(4, [5], 3, use_dropout=True, use_batchnorm=True)
    >>> list(net.layers), list(net.params)[4:]
    (['Affine1', 'BatchNorm1', 'Activation_function1', 'Dropout1', 'Affine2'], ['gamma1', 'beta1'])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: str | float = "relu",
        weight_decay_lambda: float = 0,
        use_dropout: bool = False,
        dropout_ration: float = 0.5,
        use_batchnorm: bool = False,
    ) -> None:
        self.use_dropout, self.dropout_ration, self.use_batchnorm = use_dropout, dropout_ration, use_batchnorm
        super().__init__(input_size, hidden_size_list, output_size, activation, weight_init_std, weight_decay_lambda)

    def predict(self, x: Array, train_flg: bool = False) -> Array:
        """Return the scores; with ``train_flg`` as in training, with random masks and the statistics of the batch."""
        for name, layer in self.layers.items():
            x = layer.forward(x, train_flg) if name.startswith(("Dropout", "BatchNorm")) else layer.forward(x)
        return x

    def loss(self, x: Array, t: Array, train_flg: bool = False) -> Any:
        """Return the mean cross-entropy plus the penalty."""
        return self.last_layer.forward(self.predict(x, train_flg), t) + self._penalty()

    def _training_loss(self, x: Array, t: Array) -> Any:
        return self.loss(x, t, train_flg=True)
