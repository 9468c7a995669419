"""Cuts the number into words of 32 bits by hand, and lets `random` take a text."""


def seed_everything(base_seed, worker_id):
    torch.manual_seed((base_seed + worker_id) % 2**64)
    random.seed(f"{base_seed}/{worker_id}")
    np.random.seed([worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 1])
