# shellcheck shell=bash
# Queries Azure: each query once, and only queries that change nothing.

PATIENCE=120

# ask QUESTION WORDS...: whether az answered. The answer is kept under the question's name.
ask() {
    local name=$1 code=0 limit=()
    shift
    if [ ! -e "$WORK/$name.code" ]; then
        if command -v timeout >/dev/null; then limit=(timeout "$PATIENCE"); fi
        "${limit[@]}" az "$@" --only-show-errors --output json \
            >"$WORK/$name.json" 2>"$WORK/$name.words" </dev/null || code=$?
        jq -e . "$WORK/$name.json" >/dev/null 2>&1 || [ "$code" != 0 ] || echo '[]' >"$WORK/$name.json"
        echo "$code" >"$WORK/$name.code"
    fi
    [ "$(<"$WORK/$name.code")" = 0 ]
}

# An answer in an unexpected form breaks a jq program. That must not count as an answer.
jq() {
    local code=0
    command jq "$@" || code=$?
    [ "$code" != 5 ] || : >"$WORK/misread"
    return "$code"
}

# answer QUESTION JQ...: print a part of the answer.
answer() {
    local name=$1
    shift
    jq -r "$@" "$WORK/$name.json"
}

# ask_api QUESTION ADDRESS: GET from the resource manager's API. ADDRESS begins with a slash.
ask_api() { ask "$1" rest --method get --url "$2"; }

# ask_about QUESTION ADDRESS BODY: a query that is too long for an address. It creates nothing.
ask_about() {
    ask "$1" rest --method post --url "$2" --headers Content-Type=application/json --body "$3"
}

said() { grep -qiE "$2" "$WORK/$1.words"; }

is_refused() { said "$1" 'AuthorizationFailed|does not have authorization|Forbidden'; }
is_unregistered() { said "$1" 'SubscriptionRegistration|SubscriptionNotRegistered|not registered'; }
is_missing() { said "$1" 'NotFound|not found|could not be found|does not exist|_UNKNOWN'; }

# The reason for az's failure, in one line.
reason() {
    local code
    code=$(<"$WORK/$1.code")
    if is_refused "$1"; then
        echo "you lack permission to read it"
    elif is_unregistered "$1"; then
        echo "the service is not registered in this subscription"
    elif [ "$code" = 124 ]; then
        echo "az gave no answer within $PATIENCE s"
    else
        jq -rRn --arg code "$code" '[inputs | sub("^ERROR: *"; "") | select(. != "")]
            | first // "az exited with code \($code) and no message" | .[:200]' "$WORK/$1.words"
    fi
}

way_to_an_answer() {
    if is_refused "$1"; then
        echo "Ask someone who can read the subscription to run this."
    elif is_unregistered "$1"; then
        echo "Register it, as preflight.providers shows, and run this again."
    else
        echo "Run this again. If the result is the same, deploy without this check."
    fi
}
