# shellcheck shell=bash
# The outcomes of the checks, and how they are shown.

# Outcomes, each as JSON: the message, its cause and the remedy.
outcome() {
    jq -nc --arg status "$1" --arg message "$2" --arg cause "${3:-}" --arg remedy "${4:-}" \
        '{$status, $message, $cause, $remedy}'
}
pass() { outcome pass "$1"; }
skip() { outcome skip "$1"; }
warn() { outcome warn "$1" "$2" "$3"; }
fail() { outcome fail "$1" "$2" "$3"; }

# unknown MESSAGE QUESTION: a check without an answer warns; it never passes.
unknown() { warn "$1" "$(reason "$2")" "$(way_to_an_answer "$2")"; }

# The page that explains the checks, in the repository that the template names.
page() {
    jq -r '.parameters.repository.defaultValue // "" | sub("\\.git$"; "")
        | if . == "" then "docs/deploy.md" else "\(.)/blob/main/docs/deploy.md" end
        | "\(.)#check-before-you-deploy"' "$TEMPLATE"
}

# report ID CATEGORY SEVERITY DESCRIPTION OUTCOME: store a check's result, and print its line.
report() {
    local result
    result=$(jq -c --arg id "preflight.$1" --arg category "$2" --arg severity "$3" \
        --arg description "$4" --arg docs "$PAGE" \
        '{$id, $category, $description, $severity, status, message, cause, remedy, $docs}' <<<"$5")
    echo "$result" >>"$WORK/results"
    if [ "$FORMAT" = text ]; then
        jq -r '"\(.status | ascii_upcase) \(.id): \(.message)"
            + if .cause == "" then "" else " (\(.cause))" end
            + if .remedy == "" then "" else " -> \(.remedy)" end' <<<"$result"
    fi
}

counts() {
    jq -sc 'reduce .[].status as $status ({pass: 0, warn: 0, fail: 0, skip: 0}; .[$status] += 1)' \
        "$WORK/results"
}

conclude() {
    local counts failed warned
    counts=$(counts)
    if [ "$FORMAT" = json ]; then
        jq -s --argjson counts "$counts" --arg subscription "$SUBSCRIPTION" --arg group "$GROUP" \
            --arg region "$REGION" \
            '{schema_version: 1, $subscription, resource_group: $group, location: $region, $counts,
              checks: .}' "$WORK/results"
    else
        jq -r '"\(.pass) passed, \(.warn) warnings, \(.fail) failed, \(.skip) skipped"' <<<"$counts"
        jq -rs 'map(select(.status == "fail")) | first // empty | "begin with \(.id): \(.message)"' \
            "$WORK/results"
    fi
    failed=$(jq .fail <<<"$counts") warned=$(jq .warn <<<"$counts")
    [ -z "$CRASHED" ] || finish "$BROKE"
    [ "$failed" = 0 ] || finish "$FAILURE"
    [ "$warned" = 0 ] || [ "$FAIL_LEVEL" = error ] || finish "$WARNING"
    finish "$ALL_WELL"
}
