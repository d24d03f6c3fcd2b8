"""What shortens token sequences, a class per way: :mod:`mavsr.model.compressions` names them."""
