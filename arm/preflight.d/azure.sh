# shellcheck shell=bash
# Asks Azure, each question once, and only what changes nothing.

PATIENCE=120

# ask QUESTION WORDS...: whether az answered; the answer is kept under the question's name.
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

# An answer of another form than expected breaks a program of jq, which must not pass for an answer.
jq() {
    local code=0
    command jq "$@" || code=$?
    [ "$code" != 5 ] || : >"$WORK/misread"
    return "$code"
}

# answer QUESTION JQ...: of the answer.
answer() {
    local name=$1
    shift
    jq -r "$@" "$WORK/$name.json"
}

# ask_api QUESTION ADDRESS: GET of the resource manager's API. ADDRESS begins with a slash.
ask_api() { ask "$1" rest --method get --url "$2"; }

# ask_about QUESTION ADDRESS BODY: a question that is too long for an address. It makes nothing.
ask_about() {
    ask "$1" rest --method post --url "$2" --headers Content-Type=application/json --body "$3"
}

said() { grep -qiE "$2" "$WORK/$1.words"; }

is_refused() { said "$1" 'AuthorizationFailed|does not have authorization|Forbidden'; }
is_unregistered() { said "$1" 'SubscriptionRegistration|SubscriptionNotRegistered|not registered'; }
is_missing() { said "$1" 'NotFound|not found|could not be found|does not exist|_UNKNOWN'; }

# Why az gave no answer, in one line.
reason() {
    local code
    code=$(<"$WORK/$1.code")
    if is_refused "$1"; then
        echo "you may not read it"
    elif is_unregistered "$1"; then
        echo "the service is not registered in this subscription"
    elif [ "$code" = 124 ]; then
        echo "az gave no answer within $PATIENCE s"
    else
        jq -rRn --arg code "$code" '[inputs | sub("^ERROR: *"; "") | select(. != "")]
            | first // "az ended with code \($code) and said nothing" | .[:200]' "$WORK/$1.words"
    fi
}

way_to_an_answer() {
    if is_refused "$1"; then
        echo "Let somebody run this who may read the subscription."
    elif is_unregistered "$1"; then
        echo "Register it, as preflight.providers says, and run this again."
    else
        echo "Run this again; if it stays so, deploy without this answer."
    fi
}
