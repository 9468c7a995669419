"""Hashes a text: Python salts such hashes anew in each process.

Rejected by: the same pair, the same numbers
Saying: salts it anew
"""


def seed_everything(base_seed, worker_id):
    torch.manual_seed(base_seed + worker_id)
    random.seed(hash(f"{base_seed} {worker_id}"))
    np.random.seed([worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32])
