"""Clients of Azure services. Only these modules import the SDKs, inside the functions."""
