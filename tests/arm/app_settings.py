"""The list of all app settings that the templates may give to the container.

It has settings of App Service, of the image and of the plugin. A test compares the plugin's part
with the plugin's own table, ``kolibri_azure_plugin.configuration.settings``.
"""

from __future__ import annotations

from kolibri_azure_plugin.container.settings import ImageSettings

#: Settings that App Service reads.
PLATFORM = {
    "WEBSITES_CONTAINER_START_TIME_LIMIT",
    "WEBSITES_CONTAINER_STOP_TIME_LIMIT",
    "WEBSITES_ENABLE_APP_SERVICE_STORAGE",
    "WEBSITES_PORT",
    "WEBSITE_HEALTHCHECK_MAXPINGFAILURES",
    "WEBSITE_SWAP_WARMUP_PING_PATH",
    "WEBSITE_SWAP_WARMUP_PING_STATUSES",
}

#: Settings that Kolibri reads.
KOLIBRI = {"KOLIBRI_ZIP_CONTENT_ORIGIN"}

#: Settings that the image reads: its sizes, and whether to listen for App Service's shell.
IMAGE = {
    "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS",
    "KOLIBRI_AZURE_SSH",
}

#: Settings that the plugin reads.
PLUGIN = {
    "KOLIBRI_AZURE_ALLOWED_HOSTS",
    "KOLIBRI_AZURE_BACKUP_FOLDER",
    "KOLIBRI_AZURE_BACKUP_KEEP",
    "KOLIBRI_AZURE_CHANNELS",
    "KOLIBRI_AZURE_CLIENT_ID",
    "KOLIBRI_AZURE_CONTENT_MOUNT",
    "KOLIBRI_AZURE_DATABASE_AUTH",
    "KOLIBRI_AZURE_DATABASE_SSL_MODE",
    "KOLIBRI_AZURE_DEPLOYMENT",
    "KOLIBRI_AZURE_FACILITY_NAME",
    "KOLIBRI_AZURE_FACILITY_PRESET",
    "KOLIBRI_AZURE_INSTANCES",
    "KOLIBRI_AZURE_KEY_VAULT_URL",
    "KOLIBRI_AZURE_LANGUAGE",
    "KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME",
    "KOLIBRI_AZURE_LEARNER_CAN_SIGN_UP",
    "KOLIBRI_AZURE_LOG_FORMAT",
    "KOLIBRI_AZURE_SUPERUSER_NAME",
}

KNOWN = PLATFORM | KOLIBRI | IMAGE | PLUGIN

#: Settings that a production deployment requires.
REQUIRED_IN_PRODUCTION = {
    "KOLIBRI_AZURE_BACKUP_FOLDER",
    "KOLIBRI_AZURE_BACKUP_KEEP",
    "KOLIBRI_AZURE_CLIENT_ID",
    "KOLIBRI_AZURE_CONTENT_MOUNT",
    "KOLIBRI_AZURE_DATABASE_AUTH",
    "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS",
    "KOLIBRI_AZURE_DATABASE_SSL_MODE",
    "KOLIBRI_AZURE_DEPLOYMENT",
    "KOLIBRI_AZURE_FACILITY_NAME",
    "KOLIBRI_AZURE_INSTANCES",
    "KOLIBRI_AZURE_KEY_VAULT_URL",
    "KOLIBRI_AZURE_LANGUAGE",
    "KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME",
    "KOLIBRI_AZURE_LEARNER_CAN_SIGN_UP",
    "KOLIBRI_AZURE_SUPERUSER_NAME",
    "KOLIBRI_ZIP_CONTENT_ORIGIN",
    "WEBSITES_CONTAINER_START_TIME_LIMIT",
    "WEBSITES_CONTAINER_STOP_TIME_LIMIT",
    "WEBSITES_ENABLE_APP_SERVICE_STORAGE",
    "WEBSITES_PORT",
    "WEBSITE_HEALTHCHECK_MAXPINGFAILURES",
    "WEBSITE_SWAP_WARMUP_PING_PATH",
}

#: Settings of the app for HTML5 content: no vault, no database, no account.
REQUIRED_FOR_CONTENT = {
    "KOLIBRI_AZURE_ALLOWED_HOSTS",
    "KOLIBRI_AZURE_CONTENT_MOUNT",
    "KOLIBRI_AZURE_DEPLOYMENT",
    "KOLIBRI_ZIP_CONTENT_ORIGIN",
    "WEBSITES_PORT",
}

#: Values that both sides expect.
AGREED = {
    "KOLIBRI_AZURE_BACKUP_FOLDER": "/data/backups",
    "KOLIBRI_AZURE_CONTENT_MOUNT": "/data/content",
    "KOLIBRI_AZURE_DATABASE_AUTH": "entra",
    "KOLIBRI_AZURE_DATABASE_SSL_MODE": "verify-full",
    "KOLIBRI_AZURE_DEPLOYMENT": "production",
    "WEBSITES_CONTAINER_START_TIME_LIMIT": "1800",
    "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
    "WEBSITES_PORT": str(ImageSettings().port),
    "WEBSITE_SWAP_WARMUP_PING_PATH": "/azure/health/ready",
}

#: The names under which the plugin reads secrets from the vault.
SECRETS = {
    "kolibri-database-url",
    "kolibri-secret-key",
    "kolibri-superuser-password",
}
