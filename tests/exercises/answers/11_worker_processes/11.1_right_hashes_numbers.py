"""Hashes three numbers, not a text: such a hash is the same in every process."""


def seed_everything(base_seed, worker_id):
    torch.manual_seed(base_seed + worker_id)
    random.seed(hash((worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32)))
    np.random.seed(np.random.SeedSequence([base_seed, worker_id]).generate_state(4))
