"""The network: the only home of torch. Stages, models, prediction, training, evaluation."""
