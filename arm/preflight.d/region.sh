# shellcheck shell=bash disable=SC2016 # the variables in single quotes are jq's
# What the region offers, and how much of it the subscription can use.

# region JQ: print a part of the region's entry.
region() { answer locations --arg region "$REGION" "first(.[] | select(.name == \$region)) | $1"; }

OTHER_REGION='Choose another region'

check_region() {
    if ! ask locations account list-locations; then
        unknown "The list of regions is unknown." locations
    elif [ -z "$(region .name)" ]; then
        fail "There is no region $REGION." "Azure does not list it for this subscription" \
            "Choose another one. To list them: az account list-locations --query \"[?metadata.regionType=='Physical'].name\" --output tsv"
    else
        pass "The region is $(region .displayName)."
    fi
}

check_zones() {
    local zones
    if [ "$(deployed .has_zones)" = false ]; then
        skip "Zones are switched off."
    elif ! ask locations account list-locations; then
        unknown "It is unknown whether $REGION has availability zones." locations
    else
        zones=$(region '.availabilityZoneMappings // [] | length')
        if [ "$zones" -ge 2 ]; then
            pass "$REGION has $zones availability zones."
        else
            fail "$REGION has no availability zones." "useAvailabilityZones is true, at every size" \
                "Put \"useAvailabilityZones\": {\"value\": false} into the parameters file, or choose another region."
        fi
    fi
}

# Types without a list of regions exist everywhere, and some lists leave out child types.
check_types() {
    local missing late
    if ! ask providers provider list; then
        unknown "It is unknown what the region offers." providers
        return
    fi
    missing=$(offers | jq -r 'select(.regions != [] and (.here | not)) | .type')
    late=$(offers | jq -r 'select(.versions != [] and (.version as $v | .versions | index($v) | not)) | "\(.type) \(.version)"')
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086
        fail "$REGION has no $(shortened $missing)." "Azure does not list the region for it" "$OTHER_REGION."
    elif [ -n "$late" ]; then
        mapfile -t late <<<"$late"
        warn "Azure does not list $(shortened "${late[@]}")." "the template's API version is not among the versions that Azure offers here" \
            "$OTHER_REGION if the deployment fails with NoRegisteredProviderFound, and report it."
    else
        pass "$REGION has all $(deployed '.types | length') kinds of resource."
    fi
}

# What Azure offers for each type in the deployment.
offers() {
    deployed -c .types | answer providers -c --slurpfile types /dev/stdin --arg region "$REGION" '
        def plain: ascii_downcase | gsub(" "; "");
        (reduce .[] as $provider ({}; . + ($provider.resourceTypes // [] | map({
            key: "\($provider.namespace)/\(.resourceType)" | ascii_downcase, value: .
          }) | from_entries))) as $known
        | $types[0][] | . as $wanted
        | $known[.type | ascii_downcase] | select(.)
        | (.locations // [] | map(plain)) as $regions
        | {
            type: $wanted.type, version: $wanted.apiVersion, versions: (.apiVersions // []),
            regions: ($regions - ["global", ""]),
            here: any($regions[]; . == $region or . == "global")
          }'
}

check_plan() {
    local sku
    sku=$(deployed .size.planSku)
    if ! ask plan_regions appservice list-locations --sku "${sku^^}" --linux-workers-enabled; then
        unknown "It is unknown whether App Service has $sku in $REGION." plan_regions
    elif answer plan_regions -e --arg region "$REGION" \
        'any(.[].name; ascii_downcase | gsub(" "; "") == $region)' >/dev/null; then
        pass "App Service has $sku for Linux in $REGION."
    else
        fail "App Service has no $sku for Linux in $REGION." "Azure does not list the region for it" \
            "Choose another planSku in sizeOverrides, or another region. To list the regions: az appservice list-locations --sku ${sku^^} --linux-workers-enabled --output table"
    fi
}

# One row for each SKU, and one named * for all of them.
# https://learn.microsoft.com/rest/api/appservice/get-usages-in-location/list
check_plan_quota() {
    local sku least most free
    sku=$(deployed .size.planSku) least=$(deployed .size.minimumInstances) most=$(deployed .size.maximumInstances)
    if is_there Microsoft.Web/serverfarms "$(name_of plan)"; then
        skip "The plan exists already."
        return
    fi
    if ! ask_api plan_usage "/subscriptions/$SUBSCRIPTION/providers/Microsoft.Web/locations/$REGION/usages?api-version=$(api_version Microsoft.Web/sites)"; then
        unknown "The quota for App Service machines is unknown." plan_usage
        return
    fi
    free=$(answer plan_usage --arg sku "$sku" '
        def free($name): [.value[] | select(.name.value | ascii_downcase == ($name | ascii_downcase)) | .limit - .currentValue] | max;
        [free($sku), free("*")] | if .[0] == null then "" else map(values) | min end')
    if [ -z "$free" ]; then
        warn "The quota for App Service machines is unknown." "Azure does not list $sku" \
            "Look in the portal under Quotas, App Service."
    elif [ "$free" -lt "$least" ]; then
        fail "You can have $free more machines of App Service ($sku) in $REGION; the deployment needs $least." \
            "the subscription's quota is used up, or was never granted" \
            "In the portal under Quotas, App Service, ask for $least of $sku and for as many regional ones; or choose another planSku or region."
    elif [ "$free" -lt "$most" ]; then
        warn "You can have $free more machines of App Service ($sku) in $REGION; autoscale might need $most." \
            "the subscription's quota is smaller than maximumInstances" "In the portal under Quotas, App Service, ask for $most of $sku."
    else
        pass "You can have $free more machines of App Service ($sku); the deployment needs up to $most."
    fi
}

check_storage() {
    local sku kind
    sku=$(deployed .storage_sku) kind=$(deployed .storage_kind)
    if ! has Microsoft.Storage/storageAccounts; then
        skip "No storage is created."
    elif ! ask storage_skus storage sku list; then
        unknown "It is unknown whether $REGION has $sku." storage_skus
    elif answer storage_skus -e --arg sku "$sku" --arg kind "$kind" --arg region "$REGION" '
        any(.[]; .resourceType == "storageAccounts" and .name == $sku and .kind == $kind
            and any(.locations[]; ascii_downcase == $region) and (.restrictions // [] | length) == 0)' >/dev/null; then
        pass "$REGION has $sku of kind $kind."
    else
        fail "$REGION has no $sku of kind $kind." "Azure does not list it for this subscription" \
            "Choose another storagePerformance or region, or \"useAvailabilityZones\": {\"value\": false}."
    fi
}
