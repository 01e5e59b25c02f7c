# Learning by numerical gradient and by backpropagation, the weights saved, restored and asked.
import numpy as np
from common.functions import cross_entropy_error, mean_squared_error
from dataset.mnist import load_mnist
from two_layer_net0 import TwoLayerNet

np.random.seed(420)
(x_train, t_train), _ = load_mnist(one_hot_label=True)
x_train, t_train = x_train[:100, 300:320], t_train[:100]
nets = [TwoLayerNet(input_size=20, hidden_size=5, output_size=10) for _ in range(2)]
for key in nets[0].params:
    nets[1].params[key] = nets[0].params[key].copy()
for i in range(20):
    batch_mask = np.random.choice(100, 10)
    x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
    grads = [nets[0].numerical_gradient(x_batch, t_batch), nets[1].gradient(x_batch, t_batch)]
    for net, grad in zip(nets, grads):
        for key in ("W1", "b1", "W2", "b2"):
            net.params[key] -= 0.1 * grad[key]
print("same:", max(np.abs(nets[0].params[key] - nets[1].params[key]).max() for key in grads[0]) < 1e-8)
nets[1].save_params()
restored = TwoLayerNet(file="weight_bias_params_0.pkl")
print("restored:", (restored.predict(x_train[7]) == nets[1].predict(x_train[7])).all())
print(mean_squared_error(np.array([0.1, 0.9]), np.array([0, 1])), cross_entropy_error(np.array([1.0]), np.array([1])))
