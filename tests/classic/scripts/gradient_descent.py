# Chapter 4: down the bowl f(x) = x0^2 + x1^2, and what too large and too small a rate do.
import os
import sys

sys.path.append(os.pardir)
import matplotlib.pylab as plt
import numpy as np

from common.gradient import numerical_gradient


def function_2(x):
    return x[0] ** 2 + x[1] ** 2


def gradient_descent(f, init_x, lr=0.01, step_num=100):
    x = init_x
    x_history = []
    for _ in range(step_num):
        x_history.append(x.copy())
        x -= lr * numerical_gradient(f, x)
    return x, np.array(x_history)


x, history = gradient_descent(function_2, np.array([-3.0, 4.0]), lr=0.1, step_num=100)
print("found:", np.abs(x).max() < 1e-8)
print("too large:", gradient_descent(function_2, np.array([-3.0, 4.0]), lr=10.0)[0])
print("too small:", gradient_descent(function_2, np.array([-3.0, 4.0]), lr=1e-10)[0])

plt.plot([-5, 5], [0, 0], "--b")
plt.plot([0, 0], [-5, 5], "--b")
plt.plot(history[:, 0], history[:, 1], "o")
plt.xlabel("X0")
plt.ylabel("X1")
plt.show()
