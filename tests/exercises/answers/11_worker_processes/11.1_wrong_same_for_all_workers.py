"""Leaves the worker's number out of NumPy's seed.

Rejected by: workers differ
Saying: NumPy
"""


def seed_everything(base_seed, worker_id):
    torch.manual_seed(base_seed + worker_id)
    random.seed(base_seed + worker_id)
    np.random.seed([base_seed % 2**32, base_seed >> 32])
