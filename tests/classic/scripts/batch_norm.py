# Chapter 6: with and without batch normalization, for several scales of the initial weights.
import matplotlib.pyplot as plt
import numpy as np
from common.multi_layer_net_extend import MultiLayerNetExtend
from common.optimizer import SGD, Adam
from dataset.mnist import load_mnist

np.random.seed(0)
(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
x_train, t_train = x_train[:300], t_train[:300]
last = {}
for i, w in enumerate(np.logspace(0, -4, num=4)):
    bn_network = MultiLayerNetExtend(
        input_size=784, hidden_size_list=[50, 50, 50], output_size=10, weight_init_std=w, use_batchnorm=True
    )
    network = MultiLayerNetExtend(input_size=784, hidden_size_list=[50, 50, 50], output_size=10, weight_init_std=w)
    optimizer = SGD(lr=0.05)
    curves = []
    for _ in range(60):
        batch_mask = np.random.choice(300, 100)
        for _network in (bn_network, network):
            grads = _network.gradient(x_train[batch_mask], t_train[batch_mask])
            optimizer.update(_network.params, grads)
        curves.append([n.accuracy(x_train, t_train) for n in (bn_network, network)])
    plt.subplot(2, 2, i + 1)
    plt.title("W:" + str(w))
    plt.plot(curves)
    plt.ylim(0, 1.0)
    last[i] = curves[-1]
plt.show()
print("small weights learn with it alone:", last[3][0] > 0.6 > 0.3 > last[3][1])
