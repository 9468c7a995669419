"""Training in mini-batches: the loop, what it records, and how noisy its gradients are (lesson 15)."""
