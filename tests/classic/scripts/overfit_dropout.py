# Chapter 6: 300 images, six layers, with and without dropout; the images are those of Keras.
import sys

import matplotlib.pyplot as plt
import numpy as np
from common.multi_layer_net_extend import MultiLayerNetExtend
from common.trainer import Trainer
from keras.datasets import mnist

np.random.seed(0)
(x_train, t_train), (x_test, t_test) = mnist.load_data()
print(x_train.shape[1:], x_train.dtype)
x_train, x_test = x_train[:300] / 255, x_test / 255
t_train = t_train[:300]

network = MultiLayerNetExtend(784, [100] * 6, 10, use_dropout=True, dropout_ration=float(sys.argv[1]))
trainer = Trainer(
    network,
    x_train,
    t_train,
    x_test,
    t_test,
    epochs=41,
    mini_batch_size=100,
    optimizer="sgd",
    optimizer_param={"lr": 0.05},
)
trainer.train()
train_acc_list, test_acc_list = trainer.train_acc_list, trainer.test_acc_list
print(len(train_acc_list), len(trainer.train_loss_list), "overfits:", train_acc_list[-1] > test_acc_list[-1])

x = np.arange(len(train_acc_list))
plt.plot(x, train_acc_list, marker="o", label="train", markevery=10)
plt.plot(x, test_acc_list, marker="s", label="test", markevery=10)
plt.ylim(0, 1.0)
plt.legend(loc="lower right")
plt.show()
