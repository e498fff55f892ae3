"""The data of a facility: accounts, exports, notifications and syncs."""
