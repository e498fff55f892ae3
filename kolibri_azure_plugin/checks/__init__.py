"""What can be wrong with a deployment. Each check is data with a function; see model.py."""
