"""Always the same seed.

Rejected by: workers differ
Saying: ['torch', 'NumPy', 'random']
"""


def seed_everything(base_seed, worker_id):
    torch.manual_seed(42)
    random.seed(42)
    np.random.seed(42)
