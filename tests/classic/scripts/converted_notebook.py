#!/usr/bin/env python
# A notebook converted to a script, with magics, pictures and labels in Japanese, Chinese and Korean.

# In[1]:


import numpy as np
from IPython import get_ipython
from PIL import Image
from __future__ import print_function

get_ipython().run_line_magic("matplotlib", "inline")
get_ipython().run_line_magic("matplotlib", "inline")
get_ipython().magic("load_ext autoreload")
get_ipython().system("ls -l")
files = get_ipython().getoutput("ls")
get_ipython().run_line_magic("time", "x = 40 + 1")
get_ipython().run_cell_magic("time", "", "x += 1\nprint(x)")
get_ipython().run_cell_magic("bash", "", "exit 1")
print(get_ipython().run_line_magic("time", "x + 1"), files)

# In[2]:


import matplotlib.pyplot as plt

Image.fromarray(np.uint8(np.arange(784) // 4).reshape(28, 28)).resize((400, 400), Image.Resampling.NEAREST).show()
plt.rcParams["font.family"] = "SimHei"
plt.bar(["りんご", "みかん"], [1, 2])
plt.title("学习率")
plt.xlabel("精度の曲線")
plt.ylabel("정확도")
plt.tight_layout()
plt.savefig("own.png")
plt.show()
plt.title("損失 $L$")
plt.plot([1, 2], label="精度")
plt.legend()
plt.show()
Image.new("F", (400, 400), 128.0).transpose(Image.Transpose.ROTATE_90).convert("RGBA").show()
