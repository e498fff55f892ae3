# shellcheck shell=bash disable=SC2016 # the variables in single quotes are jq's
# The deployment: its parameters and its place.

# Sets SUBSCRIPTION, SCOPE (the resource group, or the subscription while there is no group),
# GROUP_ID, as Azure spells it, and REGION. They are empty without a sign-in.
find_the_place() {
    local given
    SUBSCRIPTION='' SCOPE='' GROUP_ID='' REGION=''
    if ask account account show; then
        SUBSCRIPTION=$(answer account .id)
        SCOPE=/subscriptions/$SUBSCRIPTION
        GROUP_ID=$SCOPE/resourceGroups/$GROUP
        if group_exists; then
            GROUP_ID=$(answer group .id)
            SCOPE=$GROUP_ID
        fi
    fi
    given=$(given location)
    if [ -n "$given" ]; then
        REGION=$given
    elif [ -n "$SUBSCRIPTION" ] && group_exists; then
        REGION=$(answer group .location)
    else
        REGION=$LOCATION
    fi
    REGION=$(plain "$REGION")
    [ -n "$REGION" ] || [ -z "$SUBSCRIPTION" ] ||
        refuse "the resource group $GROUP does not exist yet or can't be read, so --location is needed"
}

# given PARAMETER: its value in the parameters file, whatever its capitals.
given() {
    jq -r --arg name "$1" '.parameters | with_entries(.key |= ascii_downcase)
        | .[$name | ascii_downcase] | objects | .value // ""' "$FILE"
}

group_exists() { ask group group show --name "$GROUP"; }

# A region's name as programs write it: westeurope, not West Europe.
plain() { tr -d ' ' <<<"${1,,}"; }

describe_the_deployment() {
    jq -n --slurpfile template "$TEMPLATE" --slurpfile file "$FILE" -f "$ARM/preflight.d/deployment.jq"
}

# deployed JQ...: print a part of the deployment's description.
deployed() { jq -r "$@" "$WORK/deployment.json"; }

# has TYPE: whether the deployment creates such a resource.
has() { deployed -e --arg type "$1" 'any(.types[]; .type == $type)' >/dev/null; }

# api_version TYPE: the API version that the template uses for it.
api_version() { deployed --arg type "$1" 'first(.types[] | select(.type == $type)).apiVersion'; }

# is_there TYPE NAME: whether the resource group has it already, from an earlier deployment.
is_there() {
    group_exists && ask resources resource list --resource-group "$GROUP" &&
        answer resources -e --arg type "$1" --arg name "$2" \
            'any(.[]; (.type | ascii_downcase) == ($type | ascii_downcase)
                and (.name | ascii_downcase) == ($name | ascii_downcase))' >/dev/null
}

check_parameters() {
    local problems
    problems=$(jq -rn --slurpfile template "$TEMPLATE" --slurpfile file "$FILE" \
        --slurpfile deployment "$WORK/deployment.json" -f "$ARM/preflight.d/parameters.jq")
    if [ -n "$problems" ]; then
        fail "${problems//$'\n'/; }." "the template would refuse $FILE" \
            "Correct the file. docs/parameters.md lists every parameter."
    elif [ -n "$(given superUserPassword)" ]; then
        warn "The administrator's password is in $FILE." "anyone who can read the file has it" \
            "Remove superuserPassword from the file; az asks for it."
    else
        pass "$(deployed '.values.size // .values.planSku'): every parameter in $FILE is known to the template."
    fi
}
