# shellcheck shell=bash disable=SC2016 # the variables in single quotes are jq's
# The subscription, the resource group, and your permissions in them.

check_account() {
    local state
    if [ -z "$SUBSCRIPTION" ]; then
        fail "You are not signed in." "$(reason account)" "az login"
        return
    fi
    state=$(answer account .state)
    if [ "$state" = Enabled ]; then
        pass "$(answer account '"Subscription \(.name) (\(.id)), as \(.user.name)."')"
    else
        fail "Subscription $(answer account .name) is $state." "no resource can be created in it" \
            "Pay or renew it in the portal under Subscriptions, or choose another one: az account set --subscription SUBSCRIPTION"
    fi
}

check_group() {
    local location
    if group_exists; then
        location=$(answer group .location)
        if [ "$(answer group .properties.provisioningState)" = Deleting ]; then
            fail "Resource group $GROUP is being deleted." "no resource can be created in it" \
                "Wait until this says false: az group exists --name $GROUP"
        elif [ -n "$LOCATION" ] && [ "$location" != "$(plain "$LOCATION")" ] && [ "$REGION" = "$location" ]; then
            warn "Resource group $GROUP is in $location, and so will be the resources." \
                "--location says $(plain "$LOCATION"), but the template does not read it" \
                "Put \"location\": {\"value\": \"$(plain "$LOCATION")\"} into the parameters file, or leave --location out."
        elif is_there Microsoft.Cache/redisEnterprise "$(name_of app)-redis"; then
            warn "Resource group $GROUP has the Redis $(name_of app)-redis, which Kolibri no longer uses." \
                "an earlier version of the template created it, and Azure keeps it at the same price" \
                "Deploy, and then delete it as docs/operate.md describes under Redis."
        else
            pass "Resource group $GROUP exists, in $location."
        fi
    elif is_missing group; then
        pass "Resource group $GROUP will be created, in $REGION."
    else
        unknown "It is unknown whether resource group $GROUP exists." group
    fi
}

# may QUESTION SCOPE: ask for your permissions at a scope, from all roles of you and your groups.
may() { ask_api "$1" "$2/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"; }

# not_allowed QUESTION ACTION...: the actions that none of your roles has.
not_allowed() {
    local question=$1
    shift
    printf '%s\n' "$@" | jq -rR --slurpfile answer "$WORK/$question.json" '
        def covers($pattern): test("^" + ($pattern | gsub("\\."; "\\.") | gsub("\\*"; ".*")) + "$"; "i");
        . as $action
        | def covered($patterns): any($patterns[]?; . as $one | $action | covers($one));
        select(any($answer[0].value[]; covered(.actions) and (covered(.notActions) | not)) | not)'
}

check_providers() {
    local missing refused words
    if ! ask providers provider list; then
        unknown "It is unknown which services are registered." providers
        return
    fi
    mapfile -t missing < <(deployed .namespaces | answer providers --slurpfile wanted /dev/stdin '
        ($wanted[0] - [.[] | select(.registrationState == "Registered").namespace])[]')
    if [ "${#missing[@]}" = 0 ]; then
        pass "All $(deployed '.namespaces | length') services that the template uses are registered."
        return
    fi
    words="Not registered: $(joined "${missing[@]}")."
    if ! may subscription_rights "/subscriptions/$SUBSCRIPTION"; then
        refused="it is unknown whether you can register them"
    elif [ -n "$(not_allowed subscription_rights "${missing[@]/%//register/action}")" ]; then
        refused="you can't register them"
    else
        warn "$words" "this subscription has never used them; a deployment registers them, but preflight can't check them before" \
            "$(registration "${missing[@]}")"
        return
    fi
    fail "$words" "this subscription has never used them, and $refused" \
        "Ask a Contributor or Owner of the whole subscription to run: $(registration "${missing[@]}")"
}

joined() {
    local text
    text=$(printf ', %s' "$@")
    echo "${text:2}"
}

registration() {
    local text
    text=$(printf ' && az provider register --namespace %s --wait' "$@")
    echo "${text:4}"
}

# The actions of roles that the deployment needs.
actions() {
    deployed '.types[].type | "\(.)/write"' | sort -u
    echo Microsoft.Resources/deployments/write
    group_exists || echo Microsoft.Resources/subscriptions/resourceGroups/write
}

check_rights() {
    local wanted missing others
    if ! may rights "$SCOPE"; then
        unknown "It is unknown what you can do in $(place)." rights
        return
    fi
    mapfile -t wanted < <(actions)
    mapfile -t missing < <(not_allowed rights "${wanted[@]}")
    mapfile -t others < <(printf '%s\n' "${missing[@]}" | grep -v '^Microsoft.Authorization/' | grep .)
    if [ "${#missing[@]}" = 0 ]; then
        pass "You can create all ${#wanted[@]} kinds of resource in $(place)."
    elif [ "${#others[@]}" -gt 0 ]; then
        fail "You can't create everything in $(place)." "none of your roles has $(shortened "${others[@]}")" \
            "Ask an Owner to run: $(grant Owner "$SCOPE")"
    elif [ "${missing[*]}" = Microsoft.Authorization/locks/write ]; then
        fail "You can create everything except locks in $(place)." "none of your roles has ${missing[*]}" \
            "Put \"deleteLocks\": {\"value\": false} into the parameters file, or ask an Owner to run: $(grant "User Access Administrator" "$SCOPE")"
    else
        fail "You can't assign roles in $(place)." "none of your roles has $(joined "${missing[@]}")" \
            "Ask an Owner to run: $(grant "User Access Administrator" "$SCOPE")"
    fi
}

place() {
    if [ "$SCOPE" = "$GROUP_ID" ]; then echo "resource group $GROUP"; else echo "the subscription"; fi
}

# grant ROLE SCOPE: the command that assigns it to the signed-in account.
grant() {
    echo "az role assignment create --assignee $(answer account .user.name) --role \"$1\" --scope $2"
}

shortened() {
    local rest=$(($# - 3))
    if [ "$rest" -gt 0 ]; then echo "$(joined "${@:1:3}") and $rest more"; else joined "$@"; fi
}

# If the image comes from your own registry, both apps get access to it.
check_registry_rights() {
    local id home
    id=$(deployed .registry_id)
    if [ -z "$id" ]; then
        skip "registryId is empty."
        return
    fi
    if ! [[ ${id,,} =~ ^/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft.containerregistry/registries/[a-z0-9-]+$ ]]; then
        fail "registryId is not the resource id of a registry." "found $id" \
            "Use the output of: az acr show --name REGISTRY --query id --output tsv"
        return
    fi
    home=${id%/providers/*}
    if ! may registry_rights "$id"; then
        if is_missing registry_rights; then
            fail "Registry $id does not exist." "$(reason registry_rights)" \
                "Use the output of: az acr show --name REGISTRY --query id --output tsv"
        else
            unknown "It is unknown what you can do in the registry." registry_rights
        fi
    elif ! may registry_group_rights "$home"; then
        unknown "It is unknown what you can do in the registry's resource group." registry_group_rights
    elif [ -n "$(not_allowed registry_rights Microsoft.Authorization/roleAssignments/write)" ]; then
        fail "You can't assign roles in the registry." "none of your roles has Microsoft.Authorization/roleAssignments/write there" \
            "Ask an Owner to run: $(grant "User Access Administrator" "$id")"
    elif [ -n "$(not_allowed registry_group_rights Microsoft.Resources/deployments/write)" ]; then
        fail "You can't deploy to the registry's resource group." "none of your roles has Microsoft.Resources/deployments/write there" \
            "Ask an Owner to run: $(grant Contributor "$home")"
    else
        pass "You can give both apps access to ${id##*/}."
    fi
}

# Azure does not build images in subscriptions that run on free credit.
check_builds() {
    local offer limit other='Choose "imageSource": {"value": "published"} or "own", or move the subscription to pay-as-you-go.'
    if [ "$(deployed .source)" != build ]; then
        skip "The image is not built."
        return
    fi
    if ! ask_api subscription "/subscriptions/$SUBSCRIPTION?api-version=2022-12-01"; then
        unknown "The kind of the subscription is unknown." subscription
        return
    fi
    offer=$(answer subscription '.subscriptionPolicies.quotaId // "unknown"')
    limit=$(answer subscription '.subscriptionPolicies.spendingLimit // "unknown"')
    case $offer in
        FreeTrial_* | AzureForStudents* | DreamSpark_*)
            fail "A subscription of kind $offer can't build images." "Azure refuses builds in subscriptions that run on free credit (TasksOperationsNotAllowed)" "$other"
            ;;
        Sponsored_* | AzurePass_* | MSDN* | MPN_* | BizSpark* | unknown)
            warn "A subscription of kind $offer might not be allowed to build images." "Azure refuses builds in subscriptions that run on free credit (TasksOperationsNotAllowed)" "$other"
            ;;
        *)
            if [ "$limit" = On ]; then
                warn "The subscription has a spending limit and might not be allowed to build images." \
                    "Azure refuses builds in subscriptions that run on free credit (TasksOperationsNotAllowed)" "$other"
            else
                pass "A subscription of kind $offer can build images."
            fi
            ;;
    esac
}
