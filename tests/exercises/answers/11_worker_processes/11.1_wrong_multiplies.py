"""Multiplies, so that worker 0 has the seed 0 for every base seed.

Rejected by: base seeds differ
Saying: What does your formula make of worker 0?
"""


def seed_everything(base_seed, worker_id):
    seed = base_seed * worker_id
    torch.manual_seed(seed % 2**64)
    random.seed(seed)
    np.random.seed(np.random.SeedSequence([base_seed, worker_id]).generate_state(4))
