# Chapter 6: three initial weights, one figure of what the activations look like and one of the losses.
import matplotlib.pyplot as plt
import numpy as np
from common.multi_layer_net import MultiLayerNet
from common.optimizer import SGD
from common.util import smooth_curve
from dataset.mnist import load_mnist

np.random.seed(0)
(x_train, t_train), _ = load_mnist(normalize=True)
types = {"std=0.01": 0.01, "Xavier": "sigmoid", "He": "relu"}
networks = {k: MultiLayerNet(784, [100, 100, 100, 100], 10, weight_init_std=v) for k, v in types.items()}
optimizer = SGD(lr=0.1)
train_loss = {key: [] for key in types}
for i in range(80):
    batch_mask = np.random.choice(x_train.shape[0], 128)
    for key in types:
        grads = networks[key].gradient(x_train[batch_mask], t_train[batch_mask])
        optimizer.update(networks[key].params, grads)
        train_loss[key].append(networks[key].loss(x_train[batch_mask], t_train[batch_mask]))

for i, key in enumerate(types):
    x = x_train[:200]
    for name in ("Affine1", "Activation_function1", "Affine2", "Activation_function2"):
        x = networks[key].layers[name].forward(x)
    plt.subplot(1, 3, i + 1)
    plt.hist(x.flatten(), 30)
plt.show()

for key in types:
    plt.plot(np.arange(80), smooth_curve(train_loss[key]), markevery=20, label=key)
plt.legend()
plt.show()
print("He learns, 0.01 does not:", train_loss["He"][-1] < 1.0 < 2.2 < train_loss["std=0.01"][-1])
