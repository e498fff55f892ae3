"""An institution's data: accounts, exports, notifications, syncs and backups."""
