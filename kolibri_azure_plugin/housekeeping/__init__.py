"""What a server that never stops has to remove by itself, so that nothing grows for ever."""
