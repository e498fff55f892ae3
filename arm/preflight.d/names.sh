# shellcheck shell=bash disable=SC2016 # the variables in single quotes are jq's
# Whether the globally unique names are free. They are computed as in the template.

# name_of WHAT: its name in the template.
name_of() {
    local name suffix compact given=''
    name=$(deployed .name)
    suffix=$(unique_string "$GROUP_ID" "$name")
    suffix=${suffix:0:8}
    compact=${name//-/}
    case $1 in
        app) echo "$name-$suffix" ;;
        content_app) echo "$name-$suffix-content" ;;
        plan) echo "$name-$suffix-plan" ;;
        storage) echo "kolibri${compact:0:8}$suffix" ;;
        registry)
            # The test template gives it another name.
            if has Microsoft.KeyVault/vaults; then echo "kolibri$compact$suffix"; else echo "$compact$suffix"; fi
            ;;
        vault)
            given=$(deployed '.values.vaultName // ""')
            echo "${given:-kv-${compact:0:11}-$suffix}"
            ;;
        database)
            given=$(deployed '.values.databaseServerName // ""')
            given=${given,,}
            echo "${given:-$name-$suffix-db}"
            ;;
    esac
}

OTHER_NAME='Put another "name" into the parameters file, or choose another resource group.'

# is_free TYPE WHAT NAME REMEDY HOW...: ask with the function HOW, and print the outcome.
is_free() {
    local type=$1 what=$2 name=$3 remedy=$4 how=$5 question="name_$3"
    shift 5
    if is_there "$type" "$name"; then
        pass "$what $name is this deployment's already."
    elif ! "$how" "$question" "$@"; then
        unknown "It is unknown whether $what $name is free." "$question"
    elif [ "$(answer "$question" .nameAvailable)" = true ]; then
        pass "$what $name is free."
    else
        fail "$what $name is not available." "$(answer "$question" '.message // .reason // "the name is taken" | gsub("\\s+"; " ")')" "$remedy"
    fi
}

# is_free_at TYPE WHAT NAME REMEDY ADDRESS: ask the API of the service.
is_free_at() {
    is_free "$1" "$2" "$3" "$4" ask_about \
        "/subscriptions/$SUBSCRIPTION/providers/${1%%/*}/$5?api-version=$(api_version "$1")" \
        "{\"name\": \"$3\", \"type\": \"$1\"}"
}

# Both apps' names; reports the first that is not free.
check_site_name() {
    local outcome messages=() what
    for what in app content_app; do
        if [ "$what" = app ] || has Microsoft.KeyVault/vaults; then
            outcome=$(is_free_at Microsoft.Web/sites "Web app" "$(name_of "$what")" "$OTHER_NAME" checknameavailability)
            if [ "$(jq -r .status <<<"$outcome")" != pass ]; then
                echo "$outcome"
                return
            fi
            messages+=("$(jq -r .message <<<"$outcome")")
        fi
    done
    pass "${messages[*]}"
}

check_storage_name() {
    local name
    has Microsoft.Storage/storageAccounts || { skip "No storage is created." && return; }
    name=$(name_of storage)
    is_free Microsoft.Storage/storageAccounts "Storage account" "$name" "$OTHER_NAME" \
        ask storage account check-name --name "$name"
}

# A deleted vault keeps its name until Azure purges it. Purge protection forbids an earlier purge.
check_vault_name() {
    local name deleted
    has Microsoft.KeyVault/vaults || { skip "No vault is created." && return; }
    name=$(name_of vault)
    if ask deleted_vaults keyvault list-deleted --resource-type vault; then
        deleted=$(answer deleted_vaults --arg name "$name" \
            'first(.[] | select(.name | ascii_downcase == ($name | ascii_downcase))) | .properties.scheduledPurgeDate // "some day" | .[:10]')
        if [ -n "$deleted" ]; then
            fail "Vault $name was deleted, and keeps its name until $deleted." "an earlier attempt at this deployment created it" \
                "Put another \"vaultName\" into the parameters file; or recover it, into a resource group of the same name: az keyvault recover --name $name"
            return
        fi
    fi
    is_free_at Microsoft.KeyVault/vaults Vault "$name" \
        "Put another \"vaultName\" into the parameters file." checkNameAvailability
}

check_database_name() {
    has Microsoft.DBforPostgreSQL/flexibleServers || { skip "No database is created." && return; }
    is_free_at Microsoft.DBforPostgreSQL/flexibleServers "Database server" "$(name_of database)" \
        "Put another \"databaseServerName\" into the parameters file." "locations/$REGION/checkNameAvailability"
}

check_registry_name() {
    local name
    has Microsoft.ContainerRegistry/registries || { skip "No registry is created." && return; }
    name=$(name_of registry)
    is_free Microsoft.ContainerRegistry/registries Registry "$name" "$OTHER_NAME" \
        ask acr check-name --name "$name"
}
