"""What happens in the deployment, minute by minute: requests, learners, connections, instances."""
