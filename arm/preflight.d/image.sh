# shellcheck shell=bash
# Whether the source of the image exists, or the image itself.

# The refs of the git address, without a sign-in, because the builder has none.
list_refs() {
    local address code=0 limit=()
    address=$(deployed '.values.repository // ""')
    if [ ! -e "$WORK/refs.code" ]; then
        if command -v timeout >/dev/null; then limit=(timeout "$PATIENCE"); fi
        GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true SSH_ASKPASS=true "${limit[@]}" \
            git -c credential.helper= ls-remote -- "$address" >"$WORK/refs" 2>"$WORK/refs.words" </dev/null || code=$?
        echo "$code" >"$WORK/refs.code"
    fi
    [ "$(<"$WORK/refs.code")" = 0 ]
}

check_repository() {
    local address
    if [ "$(deployed .source)" != build ]; then
        skip "The image is not built."
        return
    fi
    address=$(deployed '.values.repository // ""')
    if ! [[ $address =~ ^https://.+\.git$ ]]; then
        fail "repository is not a git address that Azure can build from." "found $address; expected https://HOST/PATH.git" \
            "Correct \"repository\" in the parameters file, or leave it out."
    elif ! command -v git >/dev/null; then
        warn "It is unknown whether $address can be read." "git is not on the PATH" "Run this in Azure Cloud Shell, which has git."
    elif list_refs; then
        pass "$address can be read, and has $(wc -l <"$WORK/refs") refs."
    else
        fail "$address can't be read." "$(reason refs)" \
            "Correct \"repository\", or make it public: the builder does not sign in. Try: git ls-remote $address"
    fi
}

# Like the template: accepts a tag that begins with v and a digit, or a whole commit id.
check_ref() {
    local ref refs address unsure=()
    if [ "$(deployed .source)" != build ]; then
        skip "The image is not built."
        return
    fi
    address=$(deployed .values.repository)
    mapfile -t refs < <(deployed '.refs[]')
    if ! command -v git >/dev/null || ! list_refs; then
        warn "It is unknown whether $(joined "${refs[@]}") exists." "$address could not be read" "See preflight.repository."
        return
    fi
    for ref in "${refs[@]}"; do
        if [[ $ref =~ ^[0-9a-f]{40}$ ]]; then
            grep -q "^$ref" "$WORK/refs" || unsure+=("$ref")
        elif [ -z "$(commit_of "refs/tags/$ref")" ]; then
            if [ -n "$(commit_of "refs/heads/$ref")" ]; then
                fail "$ref is a branch." "a branch can change at any time, so the template refuses it" \
                    "Use a version's tag, or the branch's current commit: \"ref\": {\"value\": \"$(commit_of "refs/heads/$ref")\"}"
            else
                fail "There is no tag $ref at $address." "it can't be built" \
                    "Choose another ref. To list the tags: git ls-remote --tags $address"
            fi
            return
        elif ! [[ $ref =~ ^v[0-9][A-Za-z0-9.-]*$ ]]; then
            fail "The template does not accept the tag $ref." "expected v, a digit and more letters, digits, dots or hyphens; or a whole commit id" \
                "Use the tag's commit instead: \"ref\": {\"value\": \"$(commit_of "refs/tags/$ref")\"}"
            return
        fi
    done
    if [ "${#unsure[@]}" -gt 0 ]; then
        warn "It is unknown whether commit $(joined "${unsure[@]}") exists." "git lists only tags and branches, and it is the last commit of none" \
            "Look for it at ${address%.git}/commit/${unsure[0]}"
    else
        pass "$(joined "${refs[@]}") can be built."
    fi
}

# commit_of REF: the commit that a ref points to, also through an annotated tag.
commit_of() {
    awk -v ref="$1" '$2 == ref "^{}" { peeled = $1 } $2 == ref { plain = $1 } END { print peeled ? peeled : plain }' "$WORK/refs"
}

check_image() {
    local source image images id
    source=$(deployed .source)
    if [ "$source" = build ]; then
        skip "The image is built."
        return
    fi
    mapfile -t images < <(deployed '.images[]')
    if [ "${#images[@]}" = 0 ] || [ -z "$(deployed '.values.image // ""')" ]; then
        fail "image is missing." "imageSource is $source" "Put \"image\": {\"value\": \"NAME@sha256:...\"} into the parameters file."
        return
    fi
    id=$(deployed .registry_id)
    for image in "${images[@]}"; do
        if [ "$source" = published ] && ! [[ $image =~ @sha256:[0-9a-f]{64}$ ]]; then
            fail "$image has no digest." "imageSource is published, which requires NAME@sha256:..." \
                "Take the name from the release's page, or \"imageSource\": {\"value\": \"own\"}."
            return
        fi
        if [ -n "$id" ]; then look_for_image "$image" "$id" >"$WORK/image" && [ "$(jq -r .status "$WORK/image")" = pass ] || break; fi
    done
    if [ -e "$WORK/image" ]; then cat "$WORK/image"; else skip "Images in a public registry are not checked."; fi
}

# look_for_image IMAGE REGISTRY_ID
look_for_image() {
    local host=${1%%/*} registry=${2##*/} subscription
    subscription=$(cut -d / -f 3 <<<"$2")
    # Some registries have a hash after the name: NAME-HASH.azurecr.io.
    if [ "${host%%[.-]*}" != "${registry,,}" ]; then
        fail "$1 is not in registry $registry." "registryId and image name different registries" "Correct either of them."
    elif ask "image_${1//[^a-zA-Z0-9]/_}" acr repository show --name "$registry" --image "${1#*/}" --subscription "$subscription"; then
        pass "$1 exists."
    elif is_missing "image_${1//[^a-zA-Z0-9]/_}"; then
        fail "$1 does not exist." "$(reason "image_${1//[^a-zA-Z0-9]/_}")" \
            "Push it, or choose another image. To list them: az acr repository list --name $registry --output table"
    else
        unknown "It is unknown whether $1 exists." "image_${1//[^a-zA-Z0-9]/_}"
    fi
}
