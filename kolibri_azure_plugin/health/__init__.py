"""Health endpoints for the platform's probes: /azure/health/live and /azure/health/ready."""
