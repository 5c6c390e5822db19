"""Fine-tuning, all of it but the network: what is learned from, the run folder, its events."""
