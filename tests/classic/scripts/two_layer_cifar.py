# CS231n, assignment 1: the toy network's check, then pictures, their mean subtracted, plots and first-layer weights.
# In the form that nbconvert gives two_layer_net.ipynb.

# In[1]:


import matplotlib.pyplot as plt
import numpy as np
from cs231n.classifiers.neural_net import TwoLayerNet

from __future__ import print_function

get_ipython().run_line_magic("matplotlib", "inline")
get_ipython().run_line_magic("load_ext", "autoreload")
get_ipython().run_line_magic("autoreload", "2")

from cs231n.data_utils import load_CIFAR10
from cs231n.gradient_check import eval_numerical_gradient
from cs231n.vis_utils import visualize_grid


def rel_error(x, y):
    return np.max(np.abs(x - y) / (np.maximum(1e-8, np.abs(x) + np.abs(y))))


np.random.seed(0)
net = TwoLayerNet(4, 10, 3, std=1e-1)
np.random.seed(1)
X, y = 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])
loss, grads = net.loss(X, y, reg=0.05)
print("loss: %.11f" % loss)
for param_name in grads:
    f = lambda W: net.loss(X, y, reg=0.05)[0]
    param_grad_num = eval_numerical_gradient(f, net.params[param_name], verbose=False)
    print(param_name, rel_error(param_grad_num, grads[param_name]) < 1e-8)

X_train, y_train, X_test, y_test = load_CIFAR10("cs231n/datasets/cifar-10-batches-py")
print(X_train.shape, X_train.dtype, y_train.shape, X_test.shape)
X_train -= np.mean(X_train, axis=0)
X_train = X_train.reshape(X_train.shape[0], -1)
net = TwoLayerNet(32 * 32 * 3, 25, 10)
stats = net.train(
    X_train,
    y_train,
    X_train,
    y_train,
    num_iters=100,
    batch_size=20,
    learning_rate=1e-3,
    learning_rate_decay=0.99,
    reg=0.25,
)
print("learned:", stats["val_acc_history"][-1] > 0.9)

plt.subplot(2, 1, 1)
plt.plot(stats["loss_history"])
plt.subplot(2, 1, 2)
plt.plot(stats["train_acc_history"], label="train")
plt.plot(stats["val_acc_history"], label="val")
plt.show()
plt.imshow(visualize_grid(net.params["W1"].reshape(32, 32, 3, -1).transpose(3, 0, 1, 2), padding=3).astype("uint8"))
plt.gca().axis("off")
plt.show()
