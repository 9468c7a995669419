"""Keeps bits 0 to 47 and bit 62 for NumPy, and forgets those between.

Rejected by: every bit of a large seed counts
Saying: Which bits does your mask keep
"""


def seed_everything(base_seed, worker_id):
    seed = base_seed + worker_id
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFF, seed >> 62])
