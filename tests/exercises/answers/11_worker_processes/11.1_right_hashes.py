"""Hashes both numbers together, once for each generator."""

import hashlib


def seed_everything(base_seed, worker_id):
    def words(name, count):
        digest = hashlib.sha256(f"{name} {base_seed} {worker_id}".encode()).digest()
        return [int.from_bytes(digest[4 * k : 4 * k + 4], "big") for k in range(count)]

    torch.manual_seed(words("torch", 1)[0])
    np.random.seed(words("numpy", 4))
    random.seed(words("random", 1)[0])
