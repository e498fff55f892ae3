"""What runs inside the lab's machines."""
