# Chapter 6: four ways down f(x, y) = x^2 / 20 + y^2, on plain floats.
from collections import OrderedDict

import matplotlib.pyplot as plt
import numpy as np
from common.optimizer import *


def f(x, y):
    return x**2 / 20.0 + y**2


def df(x, y):
    return x / 10.0, 2.0 * y


params, grads = {}, {}
optimizers = OrderedDict()
optimizers["SGD"] = SGD(lr=0.95)
optimizers["Momentum"] = Momentum(lr=0.1)
optimizers["AdaGrad"] = AdaGrad(lr=1.5)
optimizers["Adam"] = Adam(lr=0.3)

idx = 1
for key in optimizers:
    optimizer = optimizers[key]
    x_history, y_history = [], []
    params["x"], params["y"] = -7.0, 2.0
    for _ in range(30):
        x_history.append(params["x"])
        y_history.append(params["y"])
        grads["x"], grads["y"] = df(params["x"], params["y"])
        optimizer.update(params, grads)
    print(key, "%.6f %.6f" % (params["x"], params["y"]))

    X, Y = np.meshgrid(np.arange(-10, 10, 0.1), np.arange(-5, 5, 0.1))
    Z = f(X, Y)
    Z[Z > 7] = 0
    plt.subplot(2, 2, idx)
    idx += 1
    plt.plot(x_history, y_history, "o-", color="red")
    plt.contour(X, Y, Z)
    plt.plot(0, 0, "+")
    plt.title(key)
plt.show()
