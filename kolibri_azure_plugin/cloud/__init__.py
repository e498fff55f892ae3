"""What talks to Azure. The SDKs are imported here, inside the functions that need them."""
