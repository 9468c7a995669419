"""Changes of samples on their way to the network (lesson 04)."""
