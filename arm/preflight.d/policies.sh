# shellcheck shell=bash disable=SC2016 # the variables in single quotes are jq's
# Whether a rule of the organisation (Azure Policy) refuses or changes a resource.

# Asks Azure Policy itself about each resource, so that rules of any kind and exemptions count.
# If it gives no answer, names the rules in force.
# https://learn.microsoft.com/rest/api/policy/policy-restrictions
check_policies() {
    local number=0 question findings denied changed
    ask assignments policy assignment list --scope "$SCOPE" --filter "atScope()" || true
    while IFS= read -r question <&4; do
        number=$((number + 1))
        if ! ask_about "policy_$number" \
            "$SCOPE/providers/Microsoft.PolicyInsights/checkPolicyRestrictions?api-version=2023-03-01" "$question"; then
            name_policies "policy_$number"
            return
        fi
        policy_findings "$number" "$question" >>"$WORK/policies"
    done 4< <(jq -nc --slurpfile template "$TEMPLATE" --slurpfile deployment "$WORK/deployment.json" \
        --arg region "$REGION" --arg base "$(name_of app)" -f "$ARM/preflight.d/policies.jq")
    findings=$(sort -u "$WORK/policies")
    mapfile -t denied < <(sed -n 's/^refuses //p' <<<"$findings")
    mapfile -t changed < <(sed -n 's/^changes //p' <<<"$findings")
    if [ "${#denied[@]}" -gt 0 ]; then
        fail "A policy forbids $(shortened "${denied[@]}")." "your organisation's rules would refuse the deployment (RequestDisallowedByPolicy)" "$(exemption)"
    elif [ "${#changed[@]}" -gt 0 ]; then
        warn "A policy might change $(shortened "${changed[@]}")." \
            "App Service mounts the shares with their keys, and needs public access for visitors and images" "$(exemption)"
    else
        pass "Azure Policy allows $number kinds of resource."
    fi
}

exemption() {
    echo "Ask the owner of the policy to exempt the resource group. To list all policies: az policy assignment list --scope $SCOPE --output table"
}

# policy_findings NUMBER QUESTION: lines that begin with "refuses" or "changes".
policy_findings() {
    answer "policy_$1" --argjson question "$2" --slurpfile assignments "$WORK/assignments.json" '
        def name: (.policyAssignmentId // "" | ascii_downcase) as $id
            | ([$assignments[0][]? | select((.id // "" | ascii_downcase) == $id) | .displayName // empty] | first)
                // (.policyAssignmentId // "unnamed" | split("/") | last);
        $question.resourceDetails.resourceContent.type as $type
        | ($question.pendingFields[0].values[0] // "" | ascii_downcase) as $ours
        | ([.fieldRestrictions[]? | (.field | split("/") | last) as $field | .restrictions[]?
            | {field: $field, result, by: (.policy | name),
               values: [.values[]?, .defaultValue | values | tostring | ascii_downcase]}]) as $fields
        | ([$fields[] | select(.result == "Deny" and (.values | index($ours)))]) as $forbidden
        | (
            $forbidden[] | "refuses \(.field) of \($type) (\(.by))"
          ), (
            .contentEvaluationResult.policyEvaluations[]?
            | select(.evaluationResult == "NonCompliant" and ((.effectDetails.policyEffect // "deny") | test("^deny$"; "i")))
            | (.policyInfo | name) as $by | select([$forbidden[].by] | index($by) | not)
            | "refuses \($type) (\($by))"
          ), (
            $fields[] | select(.result == "Removed" or (.result == "Required" and (.values | index($ours) | not)))
            | "changes \(.field) of \($type) (\(.by))"
          )'
}

# name_policies QUESTION: the outcome when Azure Policy did not answer it.
name_policies() {
    local names
    if ! ask assignments policy assignment list --scope "$SCOPE" --filter "atScope()"; then
        unknown "It is unknown whether a policy forbids a resource." assignments
        return
    fi
    mapfile -t names < <(answer assignments '.[] | select(.enforcementMode != "DoNotEnforce") | .displayName // .name')
    if [ "${#names[@]}" = 0 ]; then
        pass "No policy is in force in $(place)."
    else
        warn "A policy might forbid a resource: $(shortened "${names[@]}")." \
            "Azure Policy did not say which: $(reason "$1")" \
            "Register the service that can: az provider register --namespace Microsoft.PolicyInsights --wait"
    fi
}
