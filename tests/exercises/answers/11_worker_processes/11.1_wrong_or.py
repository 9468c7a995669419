"""Joins both numbers by `|`: with base seed 7 the first eight workers are the same.

Rejected by: workers differ
Saying: `|` and `*` lose it
"""


def seed_everything(base_seed, worker_id):
    seed = base_seed | worker_id
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32, 1])
