"""``keras.datasets.mnist`` on zerokara's files of MNIST, if Keras is not installed."""

from zerokara.classic.dataset.mnist import Pair, load_pixels


def load_data(path: str = "mnist.npz") -> tuple[Pair, Pair]:
    """Return ``(x_train, y_train), (x_test, y_test)``: images uint8 (N, 28, 28), labels uint8 (N,).

    Args:
        path: the file name of Keras; ignored, since zerokara uses its own files.
    """
    return load_pixels()
