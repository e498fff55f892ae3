"""The kernel's own SMB client against samba, which can be stopped, killed and unplugged.

The client is a user-mode-linux machine, as most kernels of build machines have no SMB client.
"""
