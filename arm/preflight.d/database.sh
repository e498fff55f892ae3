# shellcheck shell=bash disable=SC2016 # the variables in single quotes are jq's
# Whether the region has the requested database, and how much of it the subscription can use.

check_database() {
    local found cause remedy
    if ! has Microsoft.DBforPostgreSQL/flexibleServers; then
        skip "No database is created."
        return
    fi
    if ! ask database_offers postgres flexible-server list-skus --location "$REGION"; then
        unknown "It is unknown what PostgreSQL offers in $REGION." database_offers
        return
    fi
    IFS=$'\t' read -r found cause remedy < <(database_problems) || true
    if [ -n "$found" ]; then
        fail "$found" "$cause" "$remedy"
    else
        pass "PostgreSQL $(deployed '"\(.values.databaseVersion) on \(.size.databaseSku)"') is offered in $REGION."
    fi
}

# Message, cause and remedy, separated by tabs; the worst problem first.
database_problems() {
    answer database_offers --slurpfile deployment "$WORK/deployment.json" --arg region "$REGION" '
        $deployment[0] as $d | $d.size as $size | (.[0] // {}) as $offer
        # Azure is moving these from members to features.
        | def feature($name; $member):
            [$offer.supportedFeatures[]? | select(.name == $name).status] + [$offer[$member]] | map(values) | first;
        def offered: .status == null or (.status | IN("Available", "Default", "Visible"));
        def other_size: "Choose another databaseSku in sizeOverrides, or another region. To list the sizes: az postgres flexible-server list-skus --location \($region) --output table";
        ([$offer.supportedServerEditions[]? | select(.name == $size.databaseTier)
            | .supportedServerSkus[]? | select(.name == $size.databaseSku and offered)] | first) as $sku
        | ($sku.supportedHaMode // []) as $modes
        | (if $d.has_zones then "ZoneRedundant" else "SameZone" end) as $mode
        | if $offer == {} or feature("OfferRestricted"; "restricted") == "Enabled" then
            ["PostgreSQL is closed to this subscription in \($region).", $offer.reason // "LocationIsOfferRestricted",
             "Choose another region, or ask in the portal: Help + support, Service and subscription limits, Azure Database for PostgreSQL."]
          elif $sku == null then
            ["PostgreSQL has no \($size.databaseSku) (\($size.databaseTier)) in \($region).", "Azure does not list it for this subscription", other_size]
          elif [$offer.supportedServerVersions[]? | select(.name == $d.values.databaseVersion and offered)] == [] then
            ["PostgreSQL \($d.values.databaseVersion) is not offered in \($region).", "Azure does not list it", "Choose another databaseVersion."]
          elif $size.databaseHighAvailability and ($modes | index($mode) | not) then
            ["\($size.databaseSku) has no standby of kind \($mode) in \($region).", "it has \(if $modes == [] then "none" else $modes | join(", ") end)",
             "Put \"databaseHighAvailability\": false into sizeOverrides, or choose another region."]
          elif $size.databaseGeoBackup and feature("GeoBackup"; "geoBackupSupported") != "Enabled" then
            ["Backups of a database in \($region) cannot be copied to another region.", "Azure does not offer it here",
             "Put \"databaseGeoBackup\": false into sizeOverrides, or choose another region."]
          else empty end
        | @tsv'
}

# Quotas in processors: one for each family of machines, and one, named cores, for all together.
# https://learn.microsoft.com/rest/api/postgresql/quota-usages/list
check_database_quota() {
    local sku cores free
    if ! has Microsoft.DBforPostgreSQL/flexibleServers; then
        skip "No database is created."
        return
    fi
    if is_there Microsoft.DBforPostgreSQL/flexibleServers "$(name_of database)"; then
        skip "The database server exists already."
        return
    fi
    sku=$(deployed .size.databaseSku)
    if ! ask_api database_usage "/subscriptions/$SUBSCRIPTION/providers/Microsoft.DBforPostgreSQL/locations/$REGION/resourceType/flexibleServers/usages?api-version=$(api_version Microsoft.DBforPostgreSQL/flexibleServers)"; then
        unknown "The quota for database processors is unknown." database_usage
        return
    fi
    cores=$(database_cores)
    free=$(answer database_usage --arg family "$(quota_family "$sku")" '
        [.value[] | select(.name.value | ascii_downcase | . == "cores" or . == ($family | ascii_downcase))
            | .limit - .currentValue] | min // ""')
    if [ -z "$free" ] || [ -z "$cores" ]; then
        warn "The quota for database processors is unknown." "Azure does not list $sku" \
            "Look in the portal under Quotas, Azure Database for PostgreSQL."
    elif [ "$free" -lt "$cores" ]; then
        fail "The quota allows the database $free more processors in $REGION; the deployment needs $cores ($sku)." "the subscription's quota is used up, or was never granted" \
            "Ask in the portal under Quotas, Azure Database for PostgreSQL; or choose another databaseSku or region."
    else
        pass "The quota allows the database $free more processors; the deployment needs $cores ($sku)."
    fi
}

# The processors of the server and its standby.
database_cores() {
    ask database_offers postgres flexible-server list-skus --location "$REGION" &&
        answer database_offers --slurpfile deployment "$WORK/deployment.json" '
            $deployment[0].size as $size
            | [.[0].supportedServerEditions[]?.supportedServerSkus[]? | select(.name == $size.databaseSku).vCores] | first
            | if . == null then "" elif $size.databaseHighAvailability then . * 2 else . end'
}

# quota_family SKU: Standard_D2ds_v5 counts as standardDDSv5Family, Standard_B2s as standardBSFamily.
quota_family() {
    local letter features version
    [[ $1 =~ ^Standard_([A-Z])[0-9]+([a-z]*)(_(v[0-9]+))?$ ]] || return 0
    letter=${BASH_REMATCH[1]} features=${BASH_REMATCH[2]^^} version=${BASH_REMATCH[4]}
    if [ "$letter" = B ]; then features=S; fi
    echo "standard$letter$features${version}Family"
}
