"""Adds the time, in seconds: no run can be repeated.

Rejected by: the same pair, the same numbers
Saying: Does the clock take part
"""

import time


def seed_everything(base_seed, worker_id):
    seed = base_seed + worker_id + int(time.time())
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed([worker_id, seed & 0xFFFFFFFF, seed >> 32])
