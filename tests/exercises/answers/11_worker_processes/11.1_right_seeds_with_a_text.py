"""`random.seed` takes a text, and makes a number of all of it, the same in every process."""


def seed_everything(base_seed, worker_id):
    torch.manual_seed(base_seed + worker_id)
    random.seed(f"{base_seed}/{worker_id}")
    np.random.seed([base_seed % 2**32, base_seed // 2**32, worker_id])
