# Chapters 4 and 5: a two-layer network by mini-batches, its accuracy after every epoch.
import os
import sys

sys.path.append(os.pardir)
import matplotlib.pyplot as plt
import numpy as np
from dataset.mnist import load_mnist
from two_layer_net import TwoLayerNet

np.random.seed(0)
(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
network = TwoLayerNet(input_size=784, hidden_size=50, output_size=10)

batch_size = 100
learning_rate = 1.0
train_size = x_train.shape[0]
iter_per_epoch = max(train_size / batch_size, 1)
train_acc_list, test_acc_list = [], []

for i in range(400):
    batch_mask = np.random.choice(train_size, batch_size)
    x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
    grad = network.gradient(x_batch, t_batch)
    for key in ("W1", "b1", "W2", "b2"):
        network.params[key] -= learning_rate * grad[key]
    loss = network.loss(x_batch, t_batch)
    if i % iter_per_epoch == 0:
        train_acc_list.append(network.accuracy(x_train, t_train))
        test_acc_list.append(network.accuracy(x_test, t_test))
print(type(network).__module__, "learned:", test_acc_list[-1] > 0.85 > 0.3 > test_acc_list[0])

x = np.arange(len(train_acc_list))
plt.plot(x, train_acc_list, label="train acc")
plt.plot(x, test_acc_list, label="test acc", linestyle="--")
plt.ylim(0, 1.0)
plt.legend(loc="lower right")
plt.show()
