# Section 6.5 in miniature: random trials, the best by validation accuracy, their curves in a grid.
import matplotlib.pyplot as plt
import numpy as np
from common.multi_layer_net import MultiLayerNet
from common.trainer import Trainer
from common.util import shuffle_dataset
from dataset.mnist import load_mnist

np.random.seed(0)
(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
x_train, t_train = shuffle_dataset(x_train[:500], t_train[:500])
validation_num = int(x_train.shape[0] * 0.20)
x_val, t_val = x_train[:validation_num], t_train[:validation_num]
x_train, t_train = x_train[validation_num:], t_train[validation_num:]

results_val, results_train = {}, {}
for _ in range(8):
    weight_decay = 10 ** np.random.uniform(-8, -4)
    lr = 10 ** np.random.uniform(-6, -1)
    network = MultiLayerNet(784, [50, 50], 10, weight_decay_lambda=weight_decay)
    trainer = Trainer(
        network, x_train, t_train, x_val, t_val, epochs=15, optimizer="sgd", optimizer_param={"lr": lr}, verbose=False
    )
    trainer.train()
    key = "lr:" + str(lr) + ", weight decay:" + str(weight_decay)
    print("val acc:" + str(trainer.test_acc_list[-1]) + " | " + key)
    results_val[key], results_train[key] = trainer.test_acc_list, trainer.train_acc_list

i = 0
for key, val_acc_list in sorted(results_val.items(), key=lambda x: x[1][-1], reverse=True):
    print("Best-" + str(i + 1) + " (val acc:" + str(val_acc_list[-1]) + ") | " + key)
    plt.subplot(2, 4, i + 1)
    plt.title("Best-" + str(i + 1))
    plt.ylim(0.0, 1.0)
    plt.xticks([])
    plt.plot(np.arange(len(val_acc_list)), val_acc_list)
    plt.plot(np.arange(len(val_acc_list)), results_train[key], "--")
    i += 1
plt.show()
