"""The common recipe: the remainder by 2**32.

Rejected by: every bit of a large seed counts
Saying: forgets all high bits
"""


def seed_everything(base_seed, worker_id):
    seed = (base_seed + worker_id) % 2**32
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
