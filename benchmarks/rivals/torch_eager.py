"""PyTorch eager: one nn.Sequential after another; tensors are sliced, which is faster than a DataLoader."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.work import Scores, Work


def mlp(work: Work) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in work.layers:
        affine = nn.utils.skip_init(nn.Linear, n_in, n_out)
        nn.init.kaiming_normal_(affine.weight, nonlinearity="relu")
        nn.init.zeros_(affine.bias)
        layers += [affine, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@torch.inference_mode()
def accuracy(model: nn.Module, x: Tensor, t: Tensor) -> float:
    return float((model(x).argmax(1) == t).float().mean())


def epochs(work: Work, lr: float, decay: float) -> Iterator[nn.Module]:
    """Train a network and yield it after each epoch."""
    x_train, t_train = torch.from_numpy(work.x_train), torch.from_numpy(work.t_train)
    model = mlp(work)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[work.optimizer]
    # Few users know of the fused step; without it W2 takes half as long again.
    optimizer = kind(model.parameters(), lr=lr, weight_decay=decay, fused=True)
    for _ in range(work.epochs):
        order = torch.randperm(len(x_train))
        for x, t in zip(x_train[order].split(work.batch), t_train[order].split(work.batch), strict=True):
            optimizer.zero_grad()
            cross_entropy(model(x), t).backward()
            optimizer.step()
        yield model


def fit(work: Work, lr: float, decay: float) -> float:
    x_train, t_train, x_val, t_val = map(torch.from_numpy, (work.x_train, work.t_train, work.x_val, work.t_val))
    for model in epochs(work, lr, decay):
        accuracy(model, x_train, t_train)
        val_accuracy = accuracy(model, x_val, t_val)
    return val_accuracy


def run(work: Work) -> Scores:
    torch.manual_seed(0)
    numbers = zip(work.lrs.tolist(), work.decays.tolist(), strict=True)
    return [(lr, fit(work, lr, decay)) for lr, decay in numbers]
