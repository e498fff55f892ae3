"""Health endpoints for the platform's probes: liveness and readiness."""

LIVE = "/azure/health/live"
READY = "/azure/health/ready"
