import torch

# Tiny networks: more threads cost more than they bring.
torch.set_num_threads(1)
