"""Sources of the downloadable datasets: mirrors, file names and digests."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


@dataclass(frozen=True)
class Source:
    """A dataset of the MNIST family: four IDX files on several mirrors."""

    name: str
    description: str
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    """Addresses of folders that hold each file, with ``.gz`` after its name."""
    sha256: Mapping[str, str]
    """SHA-256 of each file's decompressed content; mirrors compress differently."""
    sizes: Mapping[str, int]
    """Bytes of each file's decompressed content."""


FAMILY_SIZES = MappingProxyType(
    {TRAIN_IMAGES: 47_040_016, TRAIN_LABELS: 60_008, TEST_IMAGES: 7_840_016, TEST_LABELS: 10_008}
)
"""The sizes of 60,000 + 10,000 images of 28 x 28 pixels and their labels."""

MNIST = Source(
    name="mnist",
    description="handwritten digits, 28x28, 60,000 + 10,000 (LeCun, Cortes, Burges 1998)",
    classes=tuple("0123456789"),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
    ),
    sha256=MappingProxyType(
        {
            TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        }
    ),
    sizes=FAMILY_SIZES,
)

FASHION_MNIST = Source(
    name="fashion-mnist",
    description="pictures of clothes, 28x28, 60,000 + 10,000 (Xiao, Rasul, Vollgraf 2017)",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ),
    sha256=MappingProxyType(
        {
            TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        }
    ),
    sizes=FAMILY_SIZES,
)


@dataclass(frozen=True)
class Archive:
    """A dataset in one archive, stored as the folder inside it."""

    name: str
    description: str
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]
    """Addresses of folders that hold the archive."""
    file: str
    sha256: str
    """SHA-256 of the archive, which is the same on all mirrors."""
    size: int
    """Bytes of the archive."""
    folder: str
    """The folder inside the archive."""
    train: tuple[str, ...]
    test: tuple[str, ...]


CIFAR10 = Archive(
    name="cifar10",
    description="photographs of ten kinds, 32x32 in color, 50,000 + 10,000 (Krizhevsky 2009)",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    mirrors=("https://www.cs.toronto.edu/~kriz", "https://cs231n.stanford.edu"),
    file="cifar-10-python.tar.gz",
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    size=170_498_071,
    folder="cifar-10-batches-py",
    train=tuple(f"data_batch_{k}" for k in range(1, 6)),
    test=("test_batch",),
)

SOURCES = {source.name: source for source in (MNIST, FASHION_MNIST)}
ARCHIVES = {archive.name: archive for archive in (CIFAR10,)}
DATASET_NAMES = ("digits", *SOURCES, *ARCHIVES)
