"""Batched PyTorch: one bmm trains a population of networks; the gradients come from autograd."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.work import Scores, Work

SHARD = {"sgd": 10, "adam": 50}  # networks; the fastest of 5, 10, 25 and 50 in W1 and in W2


class Population(nn.Module):
    """P networks. Shapes: W (P, D_in, D_out), b (P, 1, D_out), x (N, D), answers (P, N, classes)."""

    def __init__(self, layers: list[tuple[int, int]], size: int):
        super().__init__()
        self.W = nn.ParameterList(torch.randn(size, n_in, n_out) * (2.0 / n_in) ** 0.5 for n_in, n_out in layers)
        self.b = nn.ParameterList(torch.zeros(size, 1, n_out) for _, n_out in layers)

    def forward(self, x: Tensor) -> Tensor:
        h = x.expand(len(self.W[0]), *x.shape)
        for i, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            h = torch.baddbmm(b, h.relu_() if i else h, W)
        return h


class SGD:
    """torch.optim has one learning rate per parameter group; here each network has its own."""

    def __init__(self, population: Population, lr: Tensor, decay: Tensor):
        self.lr, self.shrink = lr, 1 - lr * decay
        self.W, self.b = list(population.W), list(population.b)

    @torch.no_grad()
    def step(self) -> None:
        for W in self.W:
            W.mul_(self.shrink)
        for p in self.W + self.b:
            assert p.grad is not None
            p.addcmul_(p.grad, self.lr, value=-1)


class Adam:
    """Adam as in torch.optim, with a learning rate for each network; W2 has no weight decay."""

    def __init__(self, population: Population, lr: Tensor, decay: Tensor):
        assert not decay.any()
        self.lr, self.steps = lr, 0
        self.params = list(population.parameters())
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self) -> None:
        self.steps += 1
        slope, scale = 1 - 0.9**self.steps, (1 - 0.999**self.steps) ** 0.5
        lr = self.lr / -slope
        for p, m, v in zip(self.params, self.m, self.v, strict=True):
            g = p.grad
            assert g is not None
            m.lerp_(g, 0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            p.addcmul_(m.div(v.sqrt().div_(scale).add_(1e-8)), lr)


@torch.inference_mode()
def accuracies(population: Population, x: Tensor, t: Tensor) -> Tensor:
    return (population(x).argmax(2) == t).float().mean(1)


def fit(work: Work, lrs: Tensor, decays: Tensor) -> Scores:
    x_train, t_train, x_val, t_val = map(torch.from_numpy, (work.x_train, work.t_train, work.x_val, work.t_val))
    size = len(lrs)
    population = Population(work.layers, size)
    kind = SGD if work.optimizer == "sgd" else Adam
    optimizer = kind(population, lrs.view(-1, 1, 1), decays.view(-1, 1, 1))
    for _ in range(work.epochs):
        order = torch.randperm(len(x_train))
        for x, t in zip(x_train[order].split(work.batch), t_train[order].split(work.batch), strict=True):
            population.zero_grad()
            # The sum over networks of each one's mean: no network's gradient knows of the others.
            (cross_entropy(population(x).flatten(0, 1), t.repeat(size)) * size).backward()
            optimizer.step()
        accuracies(population, x_train, t_train)
        val_accuracies = accuracies(population, x_val, t_val)
    return list(zip(lrs.tolist(), val_accuracies.tolist(), strict=True))


def train(work: Work, size: int) -> Scores:
    torch.manual_seed(0)
    lrs, decays = torch.from_numpy(work.lrs).float(), torch.from_numpy(work.decays).float()
    shards = zip(lrs.split(size), decays.split(size), strict=True)
    return [score for shard in shards for score in fit(work, *shard)]


def whole(work: Work) -> Scores:
    """All networks in one population."""
    return train(work, work.trials)


def shards(work: Work) -> Scores:
    """One population after another, each small enough for the cache."""
    return train(work, SHARD[work.optimizer])
