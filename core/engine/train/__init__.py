"""Fine-tuning: the half that needs the network. The run folder is described in `core.learning`."""
