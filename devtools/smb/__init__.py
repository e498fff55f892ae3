"""The kernel's SMB client with a samba server that can be stopped, killed and unplugged.

The client is a user-mode-linux machine, because most build machines' kernels have no SMB client.
"""
