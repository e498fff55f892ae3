"""Every app setting that the templates may give to the container: the one list.

Settings of App Service itself, of the image, and of the plugin. The plugin's own table is
``kolibri_azure_plugin.settings``; a test holds the plugin's part of this list against it.
"""

from __future__ import annotations

#: What App Service reads.
PLATFORM = {
    "WEBSITES_CONTAINER_START_TIME_LIMIT",
    "WEBSITES_CONTAINER_STOP_TIME_LIMIT",
    "WEBSITES_ENABLE_APP_SERVICE_STORAGE",
    "WEBSITES_PORT",
    "WEBSITE_HEALTHCHECK_MAXPINGFAILURES",
    "WEBSITE_SWAP_WARMUP_PING_PATH",
    "WEBSITE_SWAP_WARMUP_PING_STATUSES",
}

#: What Kolibri itself reads.
KOLIBRI = {"KOLIBRI_ZIP_CONTENT_ORIGIN"}

#: What the image reads: how to size itself, and whether to listen for App Service's shell.
IMAGE = {
    "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS",
    "KOLIBRI_AZURE_SSH",
}

#: What the plugin reads.
PLUGIN = {
    "KOLIBRI_AZURE_ALLOWED_HOSTS",
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

#: What a production deployment can't do without.
REQUIRED_IN_PRODUCTION = {
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

#: What the app for HTML5 content gets: no vault, no database, no account.
REQUIRED_FOR_CONTENT = {
    "KOLIBRI_AZURE_ALLOWED_HOSTS",
    "KOLIBRI_AZURE_CONTENT_MOUNT",
    "KOLIBRI_AZURE_DEPLOYMENT",
    "KOLIBRI_ZIP_CONTENT_ORIGIN",
    "WEBSITES_PORT",
}

#: Values on which both sides have agreed.
AGREED = {
    "KOLIBRI_AZURE_CONTENT_MOUNT": "/data/content",
    "KOLIBRI_AZURE_DATABASE_AUTH": "entra",
    "KOLIBRI_AZURE_DATABASE_SSL_MODE": "verify-full",
    "KOLIBRI_AZURE_DEPLOYMENT": "production",
    "WEBSITES_CONTAINER_START_TIME_LIMIT": "1800",
    "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
    "WEBSITES_PORT": "8080",
    "WEBSITE_SWAP_WARMUP_PING_PATH": "/azure/health/ready",
}

#: The secrets of the vault, by the names under which the plugin asks for them.
SECRETS = {
    "kolibri-database-url",
    "kolibri-redis-url",
    "kolibri-secret-key",
    "kolibri-superuser-password",
}
