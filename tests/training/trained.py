"""What trainers are tested on."""

from mavsr.training.settings import TrainingSettings

LENGTHS = {f"clip{n}": 4 + n for n in range(8)}
SETTINGS = TrainingSettings(epochs=3, learning_rate=2e-2, warmup=0.2, batch_frames=26)


def weights(trainer):
    return [parameter.detach().clone() for parameter in trainer.model.trainable()]
