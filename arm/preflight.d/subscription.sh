# shellcheck shell=bash disable=SC2016 # the variables in single quotes are jq's
# The subscription, the resource group, and what you may do there.

check_account() {
    local state
    if [ -z "$SUBSCRIPTION" ]; then
        fail "Nobody is signed in." "$(reason account)" "az login"
        return
    fi
    state=$(answer account .state)
    if [ "$state" = Enabled ]; then
        pass "$(answer account '"Subscription \(.name) (\(.id)), as \(.user.name)."')"
    else
        fail "Subscription $(answer account .name) is $state." "nothing can be made in it" \
            "Pay or renew it in the portal under Subscriptions, or choose another one: az account set --subscription SUBSCRIPTION"
    fi
}

check_group() {
    local location
    if group_exists; then
        location=$(answer group .location)
        if [ "$(answer group .properties.provisioningState)" = Deleting ]; then
            fail "Resource group $GROUP is being deleted." "nothing can be made in it" \
                "Wait until this says false: az group exists --name $GROUP"
        elif [ -n "$LOCATION" ] && [ "$location" != "$(plain "$LOCATION")" ] && [ "$REGION" = "$location" ]; then
            warn "Resource group $GROUP is in $location, and so will be what is made." \
                "--location says $(plain "$LOCATION"), which the template does not see" \
                "Put \"location\": {\"value\": \"$(plain "$LOCATION")\"} into the parameters file, or leave --location out."
        else
            pass "Resource group $GROUP exists, in $location."
        fi
    elif is_missing group; then
        pass "Resource group $GROUP is yet to be made, in $REGION."
    else
        unknown "Whether resource group $GROUP exists is not known." group
    fi
}

# may QUESTION SCOPE: asks what you may do at a scope, by all your roles, also those of your groups.
may() { ask_api "$1" "$2/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"; }

# not_allowed QUESTION ACTION...: the actions that no role of yours has.
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
        unknown "Which services are registered is not known." providers
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
        refused="it is not known whether you may register them"
    elif [ -n "$(not_allowed subscription_rights "${missing[@]/%//register/action}")" ]; then
        refused="you may not register them"
    else
        warn "$words" "this subscription never used them; a deployment registers them, and until then nothing is known of them" \
            "$(registration "${missing[@]}")"
        return
    fi
    fail "$words" "this subscription never used them, and $refused" \
        "Let a Contributor or Owner of the whole subscription type: $(registration "${missing[@]}")"
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

# What the deployment makes, as actions of roles.
actions() {
    deployed '.types[].type | "\(.)/write"' | sort -u
    echo Microsoft.Resources/deployments/write
    group_exists || echo Microsoft.Resources/subscriptions/resourceGroups/write
}

check_rights() {
    local wanted missing others
    if ! may rights "$SCOPE"; then
        unknown "What you may do in $(place) is not known." rights
        return
    fi
    mapfile -t wanted < <(actions)
    mapfile -t missing < <(not_allowed rights "${wanted[@]}")
    mapfile -t others < <(printf '%s\n' "${missing[@]}" | grep -v '^Microsoft.Authorization/' | grep .)
    if [ "${#missing[@]}" = 0 ]; then
        pass "You may make all ${#wanted[@]} kinds of resource in $(place)."
    elif [ "${#others[@]}" -gt 0 ]; then
        fail "You may not make everything in $(place)." "no role of yours has $(shortened "${others[@]}")" \
            "Let an Owner type: $(grant Owner "$SCOPE")"
    elif [ "${missing[*]}" = Microsoft.Authorization/locks/write ]; then
        fail "You may make everything but locks in $(place)." "no role of yours has ${missing[*]}" \
            "Put \"deleteLocks\": {\"value\": false} into the parameters file, or let an Owner type: $(grant "User Access Administrator" "$SCOPE")"
    else
        fail "You may not give roles in $(place)." "no role of yours has $(joined "${missing[@]}")" \
            "Let an Owner type: $(grant "User Access Administrator" "$SCOPE")"
    fi
}

place() {
    if [ "$SCOPE" = "$GROUP_ID" ]; then echo "resource group $GROUP"; else echo "the subscription"; fi
}

# grant ROLE SCOPE: the command that gives it to whoever is signed in.
grant() {
    echo "az role assignment create --assignee $(answer account .user.name) --role \"$1\" --scope $2"
}

shortened() {
    local rest=$(($# - 3))
    if [ "$rest" -gt 0 ]; then echo "$(joined "${@:1:3}") and $rest more"; else joined "$@"; fi
}

# Where the image comes from a registry of your own, both apps get access to it.
check_registry_rights() {
    local id home
    id=$(deployed .registry_id)
    if [ -z "$id" ]; then
        skip "No registry of your own is named."
        return
    fi
    if ! [[ ${id,,} =~ ^/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft.containerregistry/registries/[a-z0-9-]+$ ]]; then
        fail "registryId is no resource id of a registry." "found $id" \
            "Take what this prints: az acr show --name REGISTRY --query id --output tsv"
        return
    fi
    home=${id%/providers/*}
    if ! may registry_rights "$id"; then
        if is_missing registry_rights; then
            fail "There is no registry $id." "$(reason registry_rights)" \
                "Take what this prints: az acr show --name REGISTRY --query id --output tsv"
        else
            unknown "What you may do at the registry is not known." registry_rights
        fi
    elif ! may registry_group_rights "$home"; then
        unknown "What you may do in the registry's resource group is not known." registry_group_rights
    elif [ -n "$(not_allowed registry_rights Microsoft.Authorization/roleAssignments/write)" ]; then
        fail "You may not give roles at the registry." "no role of yours has Microsoft.Authorization/roleAssignments/write there" \
            "Let an Owner type: $(grant "User Access Administrator" "$id")"
    elif [ -n "$(not_allowed registry_group_rights Microsoft.Resources/deployments/write)" ]; then
        fail "You may not deploy in the registry's resource group." "no role of yours has Microsoft.Resources/deployments/write there" \
            "Let an Owner type: $(grant Contributor "$home")"
    else
        pass "You may give both apps access to ${id##*/}."
    fi
}

# Registries of subscriptions that run on free credit refuse to build.
check_builds() {
    local offer limit other='Choose "imageSource": {"value": "published"} or "own", or move the subscription to pay-as-you-go.'
    if [ "$(deployed .source)" != build ]; then
        skip "The image is not built."
        return
    fi
    if ! ask_api subscription "/subscriptions/$SUBSCRIPTION?api-version=2022-12-01"; then
        unknown "Of which kind the subscription is, is not known." subscription
        return
    fi
    offer=$(answer subscription '.subscriptionPolicies.quotaId // "unknown"')
    limit=$(answer subscription '.subscriptionPolicies.spendingLimit // "unknown"')
    case $offer in
        FreeTrial_* | AzureForStudents* | DreamSpark_*)
            fail "A subscription of kind $offer may not build images." "Azure refuses it where free credit pays (TasksOperationsNotAllowed)" "$other"
            ;;
        Sponsored_* | AzurePass_* | MSDN* | MPN_* | BizSpark* | unknown)
            warn "A subscription of kind $offer may be refused to build images." "Azure refuses it where free credit pays (TasksOperationsNotAllowed)" "$other"
            ;;
        *)
            if [ "$limit" = On ]; then
                warn "The subscription has a spending limit, and may be refused to build images." \
                    "Azure refuses it where free credit pays (TasksOperationsNotAllowed)" "$other"
            else
                pass "A subscription of kind $offer may build images."
            fi
            ;;
    esac
}
