"""Forgets Python's own generator.

Rejected by: the same pair, the same numbers
Saying: Which of the three is not seeded?
"""


def seed_everything(base_seed, worker_id):
    torch.manual_seed(base_seed + worker_id)
    np.random.seed(np.random.SeedSequence([base_seed, worker_id]).generate_state(4))
