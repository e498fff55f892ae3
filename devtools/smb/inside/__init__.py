"""The code that runs inside the lab's machines."""
