"""Adds the number of the process, which is another one tomorrow.

Rejected by: the same pair, the same numbers
Saying: os.getpid()
"""

import os


def seed_everything(base_seed, worker_id):
    seed = base_seed + worker_id + os.getpid()
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed([worker_id, seed & 0xFFFFFFFF, seed >> 32])
